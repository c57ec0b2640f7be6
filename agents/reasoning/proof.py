"""From what a model cites to quotes that resolve: code looks the value up, or drops the claim."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel

from ...incident.evidence import Evidence, EvidenceStatus, Quote, leaves, same, same_rounded
from ...incident.finding import Finding
from ...text_safety.injection import speaks
from .figures import Held, figures
from .replies import NO_CHANGE, Cited, Claim

UNIT = re.compile(r"(?<=\d)\s*(?:ms|s|/s)$", re.IGNORECASE)
"""A unit that a cited number may carry; the value in the evidence has none."""
COMPOSED = ("query_telemetry",)
"""Tools whose rows may hold what was asked and not what was recorded: SELECT 99 AS lost."""
CHANGE_TOOLS = (
    *("recent_changes", "change_history", "changes_between", "deploy_contents", "change_diff"),
    "state_changes",
)
"""Tools whose rows are changes, with their ids."""
SHORTEST_ID = 7
"""Characters of a commit's id that name it."""
COUNTED = ("number", "percent", "duration")
"""Figures that a claim has to prove; times and names are for people to find it by."""
SMALL = 9
"""A number up to this needs no proof in prose: "two services", "3 instances"."""


@dataclass
class Proof:
    """The evidence of one incident, and what was claimed and could not be proven."""

    evidence: dict[str, Evidence]
    payload: Callable[[str], Any]
    unproven: list[str] = field(default_factory=list)

    def quotes(self, claim: Claim) -> list[Quote]:
        """Quotes of the cited values that resolve; those that do not are listed as unproven."""
        found = [self._find(cited, claim.service) for cited in claim.cites]
        good = [quote for quote in found if isinstance(quote, Quote)]
        bad = [reason for reason in found if isinstance(reason, str)]
        if not good or bad:
            reason = "; ".join(bad) or "nothing is cited"
            self.unproven.append(f"{claim.statement} :: {reason}")
        return good if not bad else []

    def locate(self, cited: Cited) -> Quote | None:
        """Where one cited value stands; None: nowhere, and that is listed."""
        found = self._find(cited, "")
        if isinstance(found, str):
            self.unproven.append(f"text that gives orders :: {found}")
            return None
        return found

    def finding(self, claim: Claim, kind: str = "reasoned") -> Finding | None:
        """The claim as a finding; None where it is not proven, also where its text holds a
        number that no cited row has."""
        quotes = self.quotes(claim)
        if not quotes:
            return None
        if not self.told(claim.statement, quotes):
            return None
        return Finding(statement=claim.statement, service=claim.service, kind=kind, quotes=quotes)

    def told(self, text: str, quotes: Iterable[Quote], known: str = "") -> str:
        """The text where it gives no orders and every number in it is held, by a quoted row or in
        `known`; else nothing, and it is listed."""
        stray = [figure for figure in self.stray_figures(text, quotes) if figure not in known]
        reason = f"no cited row holds {', '.join(stray)}" if stray else ""
        reason = reason or ("it repeats an instruction" if speaks(text) else "")
        if reason:
            self.unproven.append(f"{text} :: {reason}")
        return "" if reason else text

    def stray_figures(self, text: str, quotes: Iterable[Quote]) -> list[str]:
        """Numbers in a text that stand in none of the quoted rows."""
        found = [f for f in figures(text) if f.kind in COUNTED and not _small(f.text)]
        if not found:
            return []
        said = [value for q in quotes for row in self.rows(q) for value in leaves(row)]
        numbers = [v for v in said if isinstance(v, (int, float)) and not isinstance(v, bool)]
        held = Held([v for v in said if isinstance(v, str)], list(map(float, numbers)))
        return [figure.text for figure in found if not held.has(figure)]

    def rows(self, quote: Quote) -> list[dict[str, Any]]:
        """The row that a quote points into, as a list of one; empty: none."""
        record = self.evidence.get(quote.evidence)
        parts = quote.pointer.split("/")
        if record is None or len(parts) < 3 or parts[1] != "rows":
            return []
        rows = _rows(self.payload(record.digest))
        return [rows[int(parts[2])]]

    def deviation(self, quote: Quote) -> float:
        """How far the quoted row departs from its own past, 0..1; 1 where it has no past."""
        share = next((row.get("share", 1.0) for row in self.rows(quote)), 0.0)
        return min(1.0, max(0.0, float(share))) if isinstance(share, (int, float)) else 1.0

    def change(self, said: str) -> str:
        """The id of the change that a model names, by id, by a beginning of at least seven
        characters, or by version; empty where none of that is on record, and that is listed."""
        wanted = said.strip().strip("`[]").casefold()
        if wanted in ("", NO_CHANGE):
            return ""
        for id, version in self._changes():
            known = id.casefold()
            if wanted in (known, version.casefold()) or (
                len(wanted) >= SHORTEST_ID and known.startswith(wanted)
            ):
                return id
        self.unproven.append(f"change {said} :: no change of that id is on record")
        return ""

    def _changes(self) -> Iterator[tuple[str, str]]:
        """(id, version) of every change on record, the newest evidence first."""
        for record in reversed(self.evidence.values()):
            if record.tool in CHANGE_TOOLS:
                for row in _rows(self.payload(record.digest)):
                    yield str(row.get("id") or ""), str(row.get("version") or "")

    def _find(self, cited: Cited, service: str) -> Quote | str:
        record = self.evidence.get(cited.evidence.strip().strip("[]"))
        if record is None:
            return f"there is no evidence {cited.evidence!r}"
        if record.status is EvidenceStatus.failed:
            return f"{record.id} is a failed call and proves nothing"
        if record.tool in COMPOSED:
            return f"{record.id} answers a query that can say anything; it shows where to look"
        places = list(places_of(self.payload(record.digest), cited.value))
        if not places:
            return f"{record.id} does not hold the value cited"
        named = [p for p in places if service and names(p.row, service)]
        if weak(cited.value) and service and not named:
            return f"the value cited from {record.id} stands in no row about {service}"
        best = (named or places)[0]
        return Quote(evidence=record.id, pointer=best.pointer, value=best.value)


@dataclass(frozen=True)
class QuotedPlace:
    """Where a value stands in a payload."""

    pointer: str
    value: str | float | int | bool
    row: dict[str, Any]


def places_of(payload: Any, text: str) -> Iterator[QuotedPlace]:
    """Every field of every row that holds a cited value."""
    for number, row in enumerate(_rows(payload)):
        for name, value in row.items():
            if isinstance(value, (str, int, float, bool)) and alike(value, text):
                key = name.replace("~", "~0").replace("/", "~1")
                yield QuotedPlace(f"/rows/{number}/{key}", value, row)


def alike(value: Any, text: str) -> bool:
    """Whether a cited text is this value: a number as it may be shown, text in any case."""
    wanted = text.strip().strip("\"'`“”").casefold()
    if isinstance(value, bool):
        return wanted == str(value).casefold()
    if isinstance(value, str):
        return same(value.strip().casefold(), wanted)
    return same_rounded(value, UNIT.sub("", wanted))


def names(row: dict[str, Any], service: str) -> bool:
    """Whether a row is about a service: one of its texts is the name, or lists it."""
    pattern = rf"(?<![\w-]){re.escape(service)}(?:-\d+)?(?![\w-])"
    return any(isinstance(v, str) and re.search(pattern, v) for v in row.values())


def weak(text: str) -> bool:
    """Values that stand everywhere and so prove little: small whole numbers, true, false."""
    bare = text.strip().casefold()
    return bare in {"true", "false", "ok", "bad", "none"} or _small(bare)


def _small(text: str) -> bool:
    return text.isdigit() and int(text) <= SMALL


def _rows(payload: Any) -> list[dict[str, Any]]:
    rows = payload.get("rows", []) if isinstance(payload, dict) else []
    return [row for row in rows if isinstance(row, dict)]


def complaints(reply: BaseModel, proof: Proof) -> str:
    """Which claims of a reply do not hold and why, one a line, for its author; empty: all hold."""
    tried = replace(proof, unproven=[])
    for claim in _claims(reply):
        tried.finding(claim)
    lines = [text.replace(" :: ", ": ") for text in dict.fromkeys(tried.unproven)]
    return "\n".join(f"- {line}" for line in lines)


def _claims(part: BaseModel) -> Iterator[Claim]:
    """Every claim in a reply, wherever it stands."""
    for name in type(part).model_fields:
        value = getattr(part, name)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Claim):
                yield one
            elif isinstance(one, BaseModel):
                yield from _claims(one)
