"""A bundle that may be shown to others: whose it is no longer shows, what happened still does.

Names of services, instances, hosts and people become numbered ones, the same wherever they stand,
in whatever case; secrets and personal data in texts are masked as before a model. Metrics, routes,
words and code stay, since the diagnosis rests on them: who hands a bundle on reads its diffs first.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..cluster.snapshot import SYSTEM
from ..models.masking import Mask
from ..models.redaction import each_text
from ..telemetry.model import CALLEES
from ..telemetry.sources.files import PATTERNS

HOST = re.compile(
    r"(?i)(?:^|[._])(?:host|hostname|node|pod|namespace|cluster|container|address|domain|team|tenant"
    r"|customer|user|region|zone|project|account)(?:[._](?:name|id))?$"
)
"""Names of labels and attributes whose values name a place or a party."""
TOKEN = re.compile(r"[A-Za-z0-9]+(?:[-.:@_][A-Za-z0-9]+)*")
APART = re.compile(r"([-.:@_])")
ADDRESS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")
AS_THEY_ARE = {
    "kind",
    "level",
    "status",
    "trace_id",
    "span_id",
    "parent_id",
    "tier",
    "le",
    "quantile",
}
"""Fields whose words are ours or nobody's."""
OWN_NAMES = {"metrics": {"name"}}
"""Further ones, by modality: what a metric is called is how it is understood."""
COMMON = {"localhost", "unknown", "default", "none", "null", "true", "false", "external"}
"""Values that name nobody."""
WORKLOADS = ("Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob")
NAMED: dict[str, str] = {**dict.fromkeys(WORKLOADS, "workload"), "Service": "service"}
NAMED |= {"Ingress": "ingress", "Node": "node", "Namespace": "namespace"}
"""Objects of a cluster whose names people gave it."""
LEAST = 2
"""Characters of a name."""


class Names:
    """Names that stand for others."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}  # lower case
        self.numbers = Counter[str]()
        self.longest = 1  # parts of a name, with what is between them
        self.people: dict[str, str] = {}
        self.mask = Mask()
        self.texts: dict[str, str] = {}

    def add(self, name: Any, kind: str) -> None:
        """Give a name another one, unless it has one or is none."""
        if not isinstance(name, str) or len(name) < LEAST or name.casefold() in COMMON:
            return
        if name.casefold() in self.known or name.isdigit():
            return
        self.numbers[kind] += 1
        self.known[name.casefold()] = f"{kind}-{self.numbers[kind]}"
        self.longest = max(self.longest, len(APART.split(name)))
        if not TOKEN.fullmatch(name):
            self.people[name] = self.known[name.casefold()]

    def learn(self, row: dict[str, Any]) -> None:
        """The names that a row gives away by the fields that they stand in. Of a cluster its own
        parts keep theirs, by which they are found."""
        kind = NAMED.get(str(row.get("kind"))) if "object" in row else None
        if kind:
            if row.get("namespace") != SYSTEM and not row["name"].startswith("kube"):
                self.add(row.get("namespace"), "namespace")
                self.add(row.get("service"), "service")
                self.add(row["name"], kind)
            return
        self.add(row.get("service"), "service")
        self.add(row.get("instance"), "instance")
        self.add(row.get("author"), "person")
        for facts in (row.get("labels"), row.get("attributes")):
            for name, value in facts.items() if isinstance(facts, dict) else ():
                kind = "service" if name in CALLEES[:1] else "host" if HOST.search(name) else ""
                if kind and not ADDRESS.fullmatch(str(value)):
                    self.add(value, kind)

    def text(self, text: str, name: str = "") -> str:
        """A text with other names in it."""
        if name in AS_THEY_ARE or not text:
            return text
        if text not in self.texts:
            if len(self.texts) > 100_000:
                self.texts.clear()
            changed = text
            for person, other in self.people.items():
                changed = changed.replace(person, other)
            self.texts[text] = self.mask.mask(TOKEN.sub(self._token, changed))
        return self.texts[text]

    def _token(self, match: re.Match[str]) -> str:
        """A word, in which the longest known names are found from the left."""
        if ADDRESS.fullmatch(match[0]):
            self.add(match[0], "host")
            return self.known.get(match[0], match[0])
        parts, out, at = APART.split(match[0]), list[str](), 0
        while at < len(parts):
            ends = range(min(len(parts), at + self.longest), at, -1)
            found = (n for n in ends if "".join(parts[at:n]).casefold() in self.known)
            end = next(found, at + 1)
            word = "".join(parts[at:end])
            out.append(self.known.get(word.casefold(), word))
            at = end
        return "".join(out)


def anonymise(bundle: Path) -> Counter[str]:
    """Rewrite a bundle in place; how many names of each kind were replaced.

    Deterministic: the same bundle gives the same names.
    """
    names = Names()
    catalogue = json.loads((bundle / "catalogue.json").read_text(encoding="utf-8"))
    for service in catalogue.get("services", []):
        for name in (service["name"], service.get("public_name"), *service.get("depends_on", [])):
            names.add(name, "service")
        names.add(service.get("team"), "team")
    for _, file in _files(bundle):
        with file.open("rb") as lines:
            for line in lines:
                names.learn(json.loads(line))
    for modality, file in _files(bundle):
        _rewrite(file, names, OWN_NAMES.get(modality, set()))
    for file in (bundle / "catalogue.json", bundle / "alert.json"):
        if file.exists():
            content = each_text(json.loads(file.read_text(encoding="utf-8")), names.text)
            file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return names.numbers


def _files(bundle: Path) -> Iterator[tuple[str, Path]]:
    for modality, pattern in PATTERNS.items():
        yield from ((modality, file) for file in sorted(bundle.glob(pattern)))


def _rewrite(file: Path, names: Names, own: set[str]) -> None:
    new = file.with_suffix(".new")
    with file.open("rb") as lines, new.open("wb") as out:
        for line in lines:
            row = json.loads(line)
            kept = {name: row[name] for name in own if name in row}
            out.write(json.dumps(each_text(row, names.text) | kept).encode() + b"\n")
    new.replace(file)
