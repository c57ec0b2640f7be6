"""What `/warroom` changes of an incident: the functions and roles of pages and of HTTP."""

from collections.abc import Callable, Mapping

from ..app import lifecycle
from ..errors import InputError
from ..incident.identity import Identity
from ..incident.people import Duty
from ..incident.severity import parse_severity
from ..record.store import Store
from ..record.tokens import Role

Act = Callable[[Store, str, str, Identity], object]
"""Of an incident, with the words after its id, by somebody. Raises InputError."""


def _severity(store: Store, incident: str, text: str, by: Identity) -> None:
    word, _, reason = text.partition(" ")
    if (level := parse_severity(word)) is None:
        raise InputError(f"{word!r} is no level: write P0 to P3, then why")
    lifecycle.set_severity(store, incident, level, reason, by)


def _assign(store: Store, incident: str, text: str, by: Identity) -> None:
    duty = next((one for one in Duty if text.casefold().startswith(one.value)), None)
    if duty is None:
        raise InputError(f"name a duty, then who takes it: {', '.join(one.value for one in Duty)}")
    lifecycle.assign(store, incident, duty, text[len(duty.value) :].strip() or by.name, by)


COMMANDS: Mapping[str, tuple[Role, Act]] = {
    "severity": (Role.commander, _severity),
    "assign": (Role.responder, _assign),
    "note": (Role.responder, lifecycle.note),
    "resolve": (Role.commander, lifecycle.resolve),
    "reopen": (Role.responder, lifecycle.reopen),
    "close": (Role.commander, lifecycle.close),
}
