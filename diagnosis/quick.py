"""All looks at once, each in bounded time; the worst first."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from ..errors import InputError
from ..targets.operations import Access
from .look import Health, Look, Looking
from .machine import look_at_machine
from .network import Place, look_at
from .served import look_at_services
from .system import looks_of

AT_ONCE = 16
ORDER = {health: number for number, health in enumerate(Health)}


def diagnose(operations: Path | None, places: Sequence[str]) -> list[Look]:
    """Look at this machine, at the system that the file gives access to, and at these places.

    Args:
        operations: operations.json; none: nothing but machine and places.
        places: URLs and HOST:PORT.

    Raises:
        InputError: the file cannot be used, or a place is none.
    """
    todo = list(_looking(operations, places))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = [look for looks in pool.map(lambda look: look(), todo) for look in looks]
    worst = sorted(found, key=lambda look: (ORDER[look.health], look.about))
    return list({look.about: look for look in reversed(worst)}.values())[::-1]


def _looking(operations: Path | None, places: Sequence[str]) -> Iterator[Looking]:
    yield look_at_machine
    yield from (partial(look_at, place) for place in map(Place.parse, places))
    if operations is not None:
        yield from looks_of(access(operations))
        if (recorded := operations.parent / "telemetry").is_dir():  # as a drill's is
            yield partial(look_at_services, recorded)


def access(path: Path) -> Access:
    """operations.json. Raises InputError that says what is wrong with it."""
    try:
        return Access.model_validate_json(path.read_text())
    except (OSError, ValidationError) as error:
        raise InputError(f"{path} cannot be used: {error}; docs/bundle.md has its keys") from error


def changes(before: Sequence[Look], now: Sequence[Look]) -> list[Look]:
    """What is otherwise than at the last look, for whoever watches; what is well and was not known
    before is no change."""
    was = {look.about: look.health for look in before}
    gone = was.keys() - {look.about for look in now}
    lost = [
        Look(area, subject, Health.unseen, "is not seen any more", what=what)
        for area, subject, what in sorted(gone)
    ]
    return [*(look for look in now if was.get(look.about, Health.well) is not look.health), *lost]
