"""What is wrong with a bundle that somebody made by hand: file, line, reason and cure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..errors import WarroomError
from .alerts import read_alerts
from .bundle import header, parse_catalogue, read_json
from .model import EVENTS
from .sources.files import LONGEST_LINE, PATTERNS, within
from .sources.source import OPTIONAL
from .tables import COLUMNS, NEEDED, SERVICE, TIME

EXAMPLES = {"number": "0.25", "object": '{"le": "0.5"}', "list": '["app.py"]', "text": '"checkout"'}
KINDS = {"DOUBLE": "number", "VARCHAR": "text", "JSON": "object"}
LISTS = {"files"}
SINCE, UNTIL = 946_684_800.0, 4_102_444_800.0
"""Unix seconds that a row may have: the years 2000 to 2100."""
OTHERS = ("bundle.json", "catalogue.json", "alert.json", "survey.json")
MOST = 100
"""Problems that are told apart."""


@dataclass
class Problem:
    """One thing that is wrong, where it is first met."""

    where: str
    what: str
    fix: str
    lines: int = 1
    grave: bool = True  # what it is about is not read, or is of no use


@dataclass
class Checked:
    """What there is, and what is wrong with it."""

    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PATTERNS, 0))
    problems: dict[tuple[str, str], Problem] = field(default_factory=dict)
    services: set[str] = field(default_factory=set)
    times: list[float] = field(default_factory=list)  # first and last

    def say(self, where: str, what: str, fix: str, grave: bool = True) -> None:
        """Note a problem; the same one in further lines of a file is counted."""
        key = where.partition(":")[0], what
        if key in self.problems:
            self.problems[key].lines += 1
        elif len(self.problems) < MOST:
            self.problems[key] = Problem(where, what, fix, grave=grave)

    @property
    def good(self) -> bool:
        """Whether everything in it is read."""
        return not any(problem.grave for problem in self.problems.values())


def checked(root: Path) -> Checked:
    """All of a bundle, read line by line. Raises nothing for what is wrong in it."""
    found = Checked()
    try:
        header(root)
    except WarroomError as error:
        found.say("bundle.json", *_cured(error))
        if not root.is_dir():
            return found
    for modality, pattern in PATTERNS.items():
        for file in sorted(root.glob(pattern)):
            _file(found, root, modality, file)
        if not found.rows[modality] and modality not in OPTIONAL:
            found.say(pattern, "holds no rows", f"nothing is said of {modality} then", grave=False)
    _strangers(found, root)
    _catalogue(found, root)
    _alert(found, root)
    return found


def _file(found: Checked, root: Path, modality: str, file: Path) -> None:
    name = str(file.relative_to(root))
    if not within(root, file):
        found.say(name, "is a link that leads out of the bundle", "put the file itself there")
        return
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            where = f"{name}:{number}"
            if not line.endswith(b"\n"):
                fix = "end it with a newline; until then it counts as half written"
                found.say(where, "the last line has no end", fix)
            elif len(line) > LONGEST_LINE:
                found.say(where, f"is longer than {LONGEST_LINE // 2**20} MB", "cut its texts")
            elif line.strip():
                _line(found, where, modality, line)


def _line(found: Checked, where: str, modality: str, line: bytes) -> None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        found.say(where, f"is no JSON ({type(error).__name__})", "write one object a line")
        return
    if not isinstance(row, dict):
        found.say(where, "is no JSON object", 'write one object a line: {"…": …}')
        return
    before = sum(problem.lines for problem in found.problems.values() if problem.grave)
    for what, fix, grave in _problems(modality, row):
        found.say(where, what, fix, grave)
    if sum(problem.lines for problem in found.problems.values() if problem.grave) == before:
        found.rows[modality] += 1
        found.services.add(str(row.get(SERVICE) or ""))
        at = float(row[TIME[modality]])
        if modality not in EVENTS:
            found.times = [min([*found.times, at]), max([*found.times, at])]


def _problems(modality: str, row: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """(what is wrong, how to mend it, whether the line is left out for it) of one row."""
    columns, unknown = COLUMNS[modality], [name for name in row if name not in COLUMNS[modality]]
    for name in (name for name in NEEDED[modality] if row.get(name) is None):
        near = get_close_matches(name, unknown, 1, 0.5) or [n for n in unknown if "time" in n][:1]
        fix = f"is it what you call {near[0]!r}? rename that" if near else f"write {name!r}"
        yield f"has no {name!r}", fix, True
    for name in unknown:
        near = get_close_matches(name, columns, 1, 0.6)
        fix = f"did you mean {near[0]!r}?" if near else "put it into attributes or labels"
        yield f"has {name!r}, which is not read", fix, False
    for name, kind in columns.items():
        if (value := row.get(name)) is not None:
            yield from _value(modality, name, "list" if name in LISTS else KINDS[kind], value)


def _value(modality: str, name: str, kind: str, value: Any) -> Iterator[tuple[str, str, bool]]:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    fits = {"number": number, "object": isinstance(value, dict), "list": isinstance(value, list)}
    if name == TIME[modality]:
        if not number:
            yield f"{name!r} is no number", "write unix seconds, such as 1763711479.25", True
        elif not SINCE <= value <= UNTIL:
            far = {1e3: "milli", 1e6: "micro", 1e9: "nano"}
            unit = next((w for by, w in far.items() if SINCE <= value / by <= UNTIL), "")
            fix = f"these are {unit}seconds: divide them" if unit else "write unix seconds"
            yield f"{name!r} is no time of this century", fix, True
    elif kind == "number" and isinstance(value, str) and value in ("NaN", "+Inf", "-Inf"):
        return
    elif kind == "text" and isinstance(value, (dict, list)):
        yield f"{name!r} is no text", f"write {EXAMPLES['text']}", False
    elif kind != "text" and not fits[kind]:
        yield f"{name!r} is no {kind}", f"write {EXAMPLES[kind]}", kind == "number"
    elif name == "duration_ms" and not abs(float(value)) < 1e12:
        yield f"{name!r} is beyond reason", "write milliseconds", True


def _cured(error: WarroomError) -> tuple[str, str]:
    """An error of ours as what is wrong and what to do."""
    what, _, fix = str(error).rpartition("; ")
    return (what, fix) if what else (fix, "see docs/bundle.md")


def _strangers(found: Checked, root: Path) -> None:
    """Files that nobody reads: most likely something in the wrong place."""
    known = {*OTHERS, *(pattern.partition("/")[0] for pattern in PATTERNS.values())}
    for file in sorted(root.iterdir()):
        if file.name not in known and not file.name.startswith("."):
            near = get_close_matches(file.name, [*OTHERS, *PATTERNS.values()], 1, 0.5)
            fix = f"is it {near[0]}?" if near else f"what is read: {', '.join(PATTERNS.values())}"
            found.say(file.name, "is not read", fix, grave=False)


def _catalogue(found: Checked, root: Path) -> None:
    if not (root / "catalogue.json").exists():
        fix = "who calls whom is taken from traces then"
        found.say("catalogue.json", "is missing", fix, grave=False)
        return
    try:
        catalogue = parse_catalogue(read_json(root / "catalogue.json"))
    except WarroomError as error:
        found.say("catalogue.json", *_cured(error))
        return
    listed = {service.name for service in catalogue.services}
    strange = sorted(found.services - listed - {""}) if listed else []
    for name in strange[:5]:
        near = get_close_matches(name, listed, 1, 0.7)
        fix = f"is it {near[0]!r}? one name for one service" if near else "list it, or leave it so"
        found.say("catalogue.json", f"does not list {name!r}, which has rows", fix, grave=False)


def _alert(found: Checked, root: Path) -> None:
    if not (root / "alert.json").exists():
        return
    try:
        alerts = read_alerts((root / "alert.json").read_bytes())
    except WarroomError as error:
        found.say("alert.json", *_cured(error))
        return
    for alert in alerts:
        at = alert.starts_at.timestamp() if alert.starts_at else None
        if at and found.times and not found.times[0] <= at <= found.times[1] + 3600:
            first, last = (f"{moment:.0f}" for moment in found.times)
            what = f"{alert.name} began at {at:.0f}, and telemetry is of {first} to {last}"
            found.say("alert.json", what, "correct starts_at or the rows' times", grave=False)
