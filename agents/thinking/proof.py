"""From what a model cites to quotes that resolve: code looks the value up, or drops the claim."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ...incident.evidence import Evidence, EvidenceStatus, Quote
from ...incident.finding import Finding
from .replies import Cited, Claim

NUMBER = re.compile(r"^[-+]?[\d,]*\.?\d+(?:e[-+]?\d+)?\s*(%|ms|s|/s)?$", re.IGNORECASE)
FIGURES = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*(?![\w])(?:\s?%)?")
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
            self.unproven.append(f"{cited.value} :: {found}")
            return None
        return found

    def finding(self, claim: Claim, kind: str = "reasoned") -> Finding | None:
        """The claim as a finding; None where it is not proven, also where its text holds a
        number that no cited row has."""
        quotes = self.quotes(claim)
        if not quotes:
            return None
        stray = self.stray_figures(claim.statement, quotes)
        if stray:
            self.unproven.append(f"{claim.statement} :: no cited row holds {', '.join(stray)}")
            return None
        return Finding(statement=claim.statement, service=claim.service, kind=kind, quotes=quotes)

    def stray_figures(self, text: str, quotes: Iterable[Quote]) -> list[str]:
        """Numbers in a text that stand in none of the quoted rows."""
        rows = [row for quote in quotes for row in self.rows(quote)]
        held = [value for row in rows for value in row.values()]
        return [
            figure
            for figure in FIGURES.findall(text)
            if not _small(figure) and not any(alike(value, figure) for value in held)
        ]

    def rows(self, quote: Quote) -> list[dict[str, Any]]:
        """The row that a quote points into, as a list of one; empty: none."""
        record = self.evidence.get(quote.evidence)
        parts = quote.pointer.split("/")
        if record is None or len(parts) < 3 or parts[1] != "rows":
            return []
        rows = _rows(self.payload(record.digest))
        return [rows[int(parts[2])]]

    def _find(self, cited: Cited, service: str) -> Quote | str:
        record = self.evidence.get(cited.evidence.strip().strip("[]"))
        if record is None:
            return f"there is no evidence {cited.evidence!r}"
        if record.status is EvidenceStatus.failed:
            return f"{record.id} is a failed call and proves nothing"
        places = list(places_of(self.payload(record.digest), cited.value))
        if not places:
            return f"{record.id} does not hold {cited.value!r}"
        named = [p for p in places if service and names(p.row, service)]
        if weak(cited.value) and service and not named:
            return f"{cited.value!r} stands in {record.id}, not in a row about {service}"
        best = (named or places)[0]
        return Quote(evidence=record.id, pointer=best.pointer, value=best.value)


@dataclass(frozen=True)
class Place:
    """Where a value stands in a payload."""

    pointer: str
    value: str | float | int | bool
    row: dict[str, Any]


def places_of(payload: Any, text: str) -> Iterator[Place]:
    """Every field of every row that holds a cited value."""
    for number, row in enumerate(_rows(payload)):
        for name, value in row.items():
            if isinstance(value, (str, int, float, bool)) and alike(value, text):
                key = name.replace("~", "~0").replace("/", "~1")
                yield Place(f"/rows/{number}/{key}", value, row)


def alike(value: Any, text: str) -> bool:
    """Whether a cited text is this value: numbers as rounded when shown (0.5 %), percentages as
    shares, text as a whole or as whole words of at least four characters."""
    wanted = text.strip().strip("\"'`“”")
    if isinstance(value, bool):
        return wanted.casefold() == str(value).casefold()
    if isinstance(value, (int, float)):
        return _number_alike(float(value), wanted)
    if not isinstance(value, str) or not wanted:
        return False
    if value.strip().casefold() == wanted.casefold():
        return True
    whole = rf"(?<![\w.]){re.escape(wanted)}(?![\w]|\.\d)"
    return len(wanted) >= 4 and re.search(whole, value, re.IGNORECASE) is not None


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


def _number_alike(value: float, text: str) -> bool:
    found = NUMBER.match(text)
    if not found:
        return False
    unit = found.group(1) or ""
    bare = text[: len(text) - len(unit)].strip().replace(",", "")
    wanted = float(bare)
    decimals = len(bare.partition(".")[2]) if "e" not in bare.lower() else 0
    scaled = [(value, decimals)]
    if unit == "%":
        scaled = [(value * 100, decimals), (value, decimals)]
    return any(
        abs(v - wanted) <= 0.005 * max(abs(v), abs(wanted))
        or (wanted != 0 and decimals > 0 and round(v, d) == wanted)
        for v, d in scaled
    )


def _rows(payload: Any) -> list[dict[str, Any]]:
    rows = payload.get("rows", []) if isinstance(payload, dict) else []
    return [row for row in rows if isinstance(row, dict)]
