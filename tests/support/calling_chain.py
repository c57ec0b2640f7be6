"""A bundle of three: web calls orders, orders asks the store. Two requests a second, and what each
of them meets is said second by second."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warroom.tests.support.bundles import START, BundleWriter

SECONDS = 200
BEGIN = 150
"""Seconds after START at which the cases' faults begin."""
CATALOGUE = {
    "services": [
        {"name": "web", "kind": "edge", "depends_on": ["orders"]},
        {"name": "orders", "kind": "service", "depends_on": ["store"]},
        {"name": "store", "kind": "database", "depends_on": []},
    ],
    "windows": {"baseline_s": 60, "detect_s": 10, "stabilise_s": 5, "verify_s": 5},
}


@dataclass(frozen=True)
class Met:
    """What one request meets: an error at one of the chain's calls, or nothing."""

    at: str = ""
    """store: the statement fails; orders: its own code; call: web's call to orders; web: its own
    code, after the call."""
    exception: str = ""
    message: str = ""
    code: int = 0
    answered: bool = True
    """For `call`: whether orders worked the request all the same."""
    waited_ms: float = 20.0
    store_ms: float = 4.0


FINE = Met()


def chain(bundle: BundleWriter, meets: Callable[[int], Met], seconds: int = SECONDS) -> None:
    """Write the requests; `meets` says what number n (two a second) meets."""
    for number in range(2 * seconds):
        _request(bundle, number, meets(number))


def _request(bundle: BundleWriter, number: int, met: Met) -> None:
    at, trace = START + number / 2, f"{number:032x}"
    said: dict[str, Any] = {"exception__type": met.exception, "exception__message": met.message}
    said = said if met.exception else {}
    code: dict[str, Any] = {"http__response__status_code": met.code} if met.code else {}
    inside = met.at in ("store", "orders")
    error = met.message or f"HTTP {met.code}"
    bundle.span(
        at,
        "web",
        "GET /",
        (trace, "a" * 16, ""),
        ms=30,
        error=error if met.at and met.code not in (403, 404, 409) else "",
        **(said | code if met.at == "web" else {}),
    )
    if met.at != "web":
        bundle.span(
            at + 0.02,
            "web",
            "POST /audit",
            (trace, "e" * 16, "a" * 16),
            ms=2,
            kind="client",
            peer__service="audit",
        )
    own = said | code if met.at == "call" else {}
    bundle.span(
        at + 0.001,
        "web",
        "GET /orders",
        (trace, "b" * 16, "a" * 16),
        ms=met.waited_ms,
        kind="client",
        error=error if met.at not in ("", "web") else "",
        peer__service="orders",
        **own,
    )
    if met.at == "call" and not met.answered:
        return
    bundle.span(
        at + 0.002,
        "orders",
        "GET /orders",
        (trace, "c" * 16, "b" * 16),
        ms=max(12, met.store_ms + 8),
        error=error if inside else "",
        **(said if met.at == "orders" else {}),
    )
    bundle.span(
        at + 0.003,
        "orders",
        "SELECT orders",
        (trace, "d" * 16, "c" * 16),
        ms=met.store_ms,
        kind="client",
        error=error if met.at == "store" else "",
        peer__service="store",
        db__system="postgresql",
        db__query__text="SELECT * FROM orders WHERE id = %s",
        **(said if met.at == "store" else {}),
    )


def written(folder: Path, meets: Callable[[int], Met]) -> BundleWriter:
    """A bundle with these requests, still open for more."""
    bundle = BundleWriter(folder, CATALOGUE)
    chain(bundle, meets)
    return bundle


def since(begin: int, met: Met, every: int = 1) -> Callable[[int], Met]:
    """Every n-th request meets it from a second on."""
    return lambda number: met if number >= 2 * begin and number % every == 0 else FINE
