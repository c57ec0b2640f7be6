"""Does a claim's proof resolve? Every quote must name evidence we hold and a value it contains."""

from collections.abc import Callable, Iterator
from typing import Any

from ..errors import GroundingError
from .evidence import Evidence, EvidenceStatus, Quote

Payload = Callable[[str], Any]  # digest -> payload


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
            here = here[int(key)] if isinstance(here, list) else here[key]
        except (KeyError, IndexError, ValueError, TypeError):
            raise GroundingError(f"nothing at {pointer} in the evidence") from None
    return here


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
    """Whether a quoted value stands in the evidence: numbers to 0.5%, text as a part of it."""
    if isinstance(found, bool) or isinstance(quoted, bool) or found is None or quoted is None:
        return found is quoted
    if isinstance(found, (int, float)) and isinstance(quoted, (int, float)):
        return abs(found - quoted) <= 0.005 * max(abs(found), abs(quoted))
    if isinstance(found, str) and isinstance(quoted, str):
        return bool(quoted.strip()) and quoted in found
    return False
