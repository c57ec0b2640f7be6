"""Evidence: one record per tool call, its payload addressed by content; and whether a claim's proof
resolves: every quote must name evidence we hold and a value it contains.

The document holds references; payloads lie beside it in the store, under their digest.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field, JsonValue

from ..errors import GroundingError

SHOWN = 12
"""Hex digits of a digest that people are shown; what binds is the whole of it."""


class EvidenceStatus(StrEnum):
    """How the tool call ended. An empty or failed call is evidence too."""

    ok = "ok"
    empty = "empty"
    failed = "failed"

    @property
    def says(self) -> str:
        """How people are told of one: that nothing was found shows nothing by itself."""
        return {"ok": "ok", "empty": "looked, found nothing", "failed": "could not look"}[self]

    def told(self, summary: str) -> str:
        """What came back, in that way."""
        return summary if self is EvidenceStatus.ok else f"{self.says}: {summary}"


class BackendQuery(BaseModel):
    """How a backend is asked for the rows that evidence rests on, and where people open that."""

    datasource: str = Field(description="its name in warroom.yaml")
    language: str = Field(description="promql, logql, logsql, traceql, git, kubectl, http, …")
    query: str = Field(description="as the backend takes it, of these services and metrics")
    link: str = Field(
        default="", description="address that opens it; empty: none can be made of warroom.yaml"
    )


class BackendLoad(BaseModel):
    """What was asked of one backend for an incident."""

    datasource: str = Field(description="its name in warroom.yaml")
    requests: int = Field(default=0, description="over HTTP, those that failed too")
    bytes: int = Field(default=0, description="of its answers, as they came over the wire")
    seconds: float = Field(default=0.0, description="that its answers took, added up")


class AskedWindows(BaseModel):
    """What a tool was called with besides its arguments: the windows that the incident had then;
    unix seconds."""

    baseline: tuple[float, float] = Field(description="what counts as healthy")
    incident: tuple[float, float] = Field(description="what is looked at")
    alerted: float | None = Field(default=None, description="when the alert fired")
    onset: float | None = Field(default=None, description="the first symptom; null: not known")
    between: tuple[float, float] | None = Field(
        default=None, description="the moments that the onset lies between"
    )
    first: list[tuple[float, float]] = Field(
        default=[], description="both windows by the alert's time alone; empty: the same"
    )


class Evidence(BaseModel):
    """What was asked, of what time range, and what came back."""

    id: str = Field(description="E1, E2, … within the incident")
    tool: str = Field(description="the tool's name")
    query: dict[str, JsonValue] = Field(description="the exact arguments of the call")
    start: datetime | None = Field(
        default=None, description="begin of the time range asked for, UTC"
    )
    end: datetime | None = Field(default=None, description="end of the time range asked for, UTC")
    collected_at: datetime = Field(description="when the call was made, UTC")
    collected_by: str = Field(description="the specialist that called")
    status: EvidenceStatus = Field(description="ok, empty or failed")
    rows: int = Field(default=0, description="rows in the payload")
    summary: str = Field(default="", description="one line: what came back")
    digest: str = Field(description="SHA-256 of the payload's canonical JSON")
    backends: list[BackendQuery] = Field(
        default=[], description="how to ask the backends themselves; empty: it rests on files"
    )
    windows: AskedWindows | None = Field(
        default=None, description="what it takes to ask the same again; null: an older record"
    )


class Quote(BaseModel):
    """A value lifted from a piece of evidence, and where it stands there."""

    evidence: str = Field(description="the evidence id")
    pointer: str = Field(
        default="", description="RFC 6901 pointer into the payload; empty: anywhere in the payload"
    )
    value: str | float | int | bool | None = Field(description="the value as quoted")


def canonical(payload: Any) -> bytes:
    """The payload as canonical JSON bytes: sorted keys, no blanks, no NaN."""
    text = json.dumps(
        payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def short(digest: str) -> str:
    """The beginning of a digest, as people are shown it: enough to name it by."""
    return digest[:SHOWN]


def digest(payload: Any) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return digest_of(canonical(payload))


def digest_of(text: bytes) -> str:
    """SHA-256 of canonical JSON, in hex."""
    return hashlib.sha256(text).hexdigest()


# Does a claim's proof resolve?

Payload = Callable[[str], Any]  # digest -> payload

SHORTEST_PART = 4
"""Characters of a text that a part of it needs to prove anything."""
COARSEST = 0.15
"""The most that rounding may change a number by: 0.2 is no way to tell 0.2437."""
FIGURE = re.compile(r"([-+]?(?:\d[\d,]*)?(?:\.\d+)?(?:e[-+]?\d{1,2})?)\s*(%?)", re.IGNORECASE)


def check_quotes(quotes: list[Quote], evidence: dict[str, Evidence], payload: Payload) -> None:
    """Raise GroundingError for the first quote that does not resolve.

    Args:
        quotes: what the claim rests on.
        evidence: the incident's evidence by id.
        payload: fetches a payload by its digest.
    """
    for quote in quotes:
        record = evidence.get(quote.evidence)
        if record is None:
            raise GroundingError(f"no evidence {quote.evidence}")
        if record.status is EvidenceStatus.failed:
            raise GroundingError(f"{quote.evidence} is a failed call and proves nothing")
        _check_value(quote, payload(record.digest))


def _check_value(quote: Quote, payload: Any) -> None:
    if quote.pointer:
        found = resolve(payload, quote.pointer)
        if not same(found, quote.value):
            raise GroundingError(
                f"{quote.evidence}{quote.pointer} is {found!r}, not {quote.value!r}"
            )
    elif not any(same(leaf, quote.value) for leaf in leaves(payload)):
        raise GroundingError(f"{quote.evidence} does not contain {quote.value!r}")


def resolve(payload: Any, pointer: str) -> Any:
    """The value at an RFC 6901 pointer. Raises GroundingError where there is none."""
    here = payload
    for part in pointer.lstrip("/").split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        try:
            here = here[_index(key)] if isinstance(here, list) else here[key]
        except (KeyError, IndexError, ValueError, TypeError):
            raise GroundingError(f"nothing at {pointer} in the evidence") from None
    return here


def _index(key: str) -> int:
    """A place in a list as RFC 6901 has it: digits alone, so never from the end."""
    if not (key.isascii() and key.isdigit()):
        raise ValueError(key)
    return int(key)


def leaves(payload: Any) -> Iterator[Any]:
    """Every scalar in a payload, depth first."""
    if isinstance(payload, dict):
        for value in payload.values():
            yield from leaves(value)
    elif isinstance(payload, list):
        for value in payload:
            yield from leaves(value)
    else:
        yield payload


def same(found: Any, quoted: Any) -> bool:
    """Whether a quoted value stands in the evidence: numbers to 0.5 %, text as the whole of it or
    as whole words of at least four characters."""
    if isinstance(found, bool) or isinstance(quoted, bool) or found is None or quoted is None:
        return found is quoted
    if isinstance(found, (int, float)) and isinstance(quoted, (int, float)):
        return _close(found, quoted)
    if isinstance(found, str) and isinstance(quoted, str):
        return bool(quoted.strip()) and (quoted == found or part_of(quoted, found))
    return False


def _close(a: float, b: float) -> bool:
    try:
        return math.isfinite(a) and abs(a - b) <= 0.005 * max(abs(a), abs(b)) < math.inf
    except OverflowError:  # whole numbers beyond what a float holds
        return a == b


def part_of(part: str, text: str) -> bool:
    """Whether a text of at least four characters stands in another one, as whole words.

    A number is whole with its decimals and its sign of a version: neither 4.2 nor v1.4 is a part
    of v1.4.2.
    """
    bare = part.strip()
    if len(bare) < SHORTEST_PART:
        return False
    before = r"(?<!\w)(?<!\d\.)" if bare[0].isalnum() or bare[0] == "_" else ""
    after = r"(?!\w)(?!\.\d)" if bare[-1].isalnum() or bare[-1] == "_" else ""
    return re.search(f"{before}{re.escape(bare)}{after}", text) is not None


def same_rounded(found: Any, quoted: Any) -> bool:
    """As `same`; a number also counts when it is rounded to the digits it is quoted with, as
    number or text: 0.24, "0.24" and "24%" quote 0.2437. For what a model cites."""
    if same(found, quoted):
        return True
    if isinstance(found, bool) or not isinstance(found, (int, float)) or isinstance(quoted, bool):
        return False
    shown = FIGURE.fullmatch(str(quoted).strip()) if isinstance(quoted, (int, float, str)) else None
    if shown is None or not any(char.isdigit() for char in shown[1].lower().partition("e")[0]):
        return False
    digits = shown[1].replace(",", "").lower()
    try:
        value = float(found) * (100 if shown[2] else 1)
    except OverflowError:  # a whole number beyond what a float holds
        return False
    return same(value, float(digits)) or _rounds_to(value, digits)


def _rounds_to(value: float, digits: str) -> bool:
    mantissa, _, exponent = digits.partition("e")
    step = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return rounds_to(value, float(digits), step)


def rounds_to(value: float, shown: float, step: float) -> bool:
    """Whether a number, rounded to the last digit shown (`step`), is what is shown. A nought proves
    only a nought: every small number rounds to it."""
    apart = abs(value - shown)
    return shown != 0 and apart <= step / 2 * (1 + 1e-6) and apart <= COARSEST * abs(value)
