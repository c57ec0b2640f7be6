"""What `/warroom` changes of an incident: the functions and roles of pages and of HTTP."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..app import lifecycle
from ..app.decisions import resume
from ..app.record import masked_content
from ..errors import InputError
from ..incident.identity import Identity
from ..incident.people import Duty
from ..incident.severity import parse_severity
from ..intake.regrouping import merge, split
from ..record.lists import alerts
from ..record.store import Store
from ..record.tokens import Role

MOST = 40
"""Alerts that are listed, the oldest first."""
Act = Callable[[Store, str, str, Identity], object]
"""Of an incident, with the words after its id, by somebody. Raises InputError."""


def _severity(store: Store, incident: str, text: str, by: Identity) -> None:
    word, reason = _first(text)
    if (level := parse_severity(word)) is None:
        raise InputError(f"{word!r} is no level: write P0 to P3, then why")
    lifecycle.set_severity(store, incident, level, reason, by)


def _assign(store: Store, incident: str, text: str, by: Identity) -> None:
    duty = next((one for one in Duty if text.casefold().startswith(one.value)), None)
    if duty is None:
        raise InputError(f"name a duty, then who takes it: {', '.join(one.value for one in Duty)}")
    lifecycle.assign(store, incident, duty, text[len(duty.value) :].strip() or by.name, by)


def _merge(store: Store, incident: str, text: str, by: Identity) -> str:
    into, reason = _first(text)
    merge(store, incident, into, str(by), reason)
    return f"{incident} is closed; its alerts are those of {into} now."


def _split(store: Store, incident: str, text: str, by: Identity) -> str:
    if not text or not all(word.isdigit() and len(word) < 16 for word in text.split()):
        raise InputError(f"give the numbers of alerts of {incident}: /warroom alerts {incident}")
    return f"{split(store, incident, list(map(int, text.split())), str(by))} has them now."


def _alerts(store: Store, incident: str, _text: str, _by: Identity) -> str:
    found = alerts(store.engine, limit=MOST, incident=incident).items
    told = [f"{a.id} {a.alert.service or '-'}: {a.alert.name} ({a.alert.status})" for a in found]
    return "\n".join(masked_content(told))


def _first(text: str) -> tuple[str, str]:
    word, _, rest = text.partition(" ")
    return word, rest


class Command(NamedTuple):
    """What it takes, what it does, and whether its words begin with another incident."""

    role: Role
    act: Act
    other: bool = False


COMMANDS: Mapping[str, Command] = {
    "severity": Command(Role.commander, _severity),
    "assign": Command(Role.responder, _assign),
    "note": Command(Role.responder, lifecycle.note),
    "link": Command(Role.responder, lambda s, i, t, by: lifecycle.link(s, i, *_first(t), by)),
    "relate": Command(
        Role.responder, lambda s, i, t, by: lifecycle.relate(s, i, *_first(t), by), other=True
    ),
    "alerts": Command(Role.observer, _alerts),
    "merge": Command(Role.responder, _merge, other=True),
    "split": Command(Role.responder, _split),
    "resume": Command(Role.responder, lambda s, i, _text, by: resume(s, i, by)),
    "resolve": Command(Role.commander, lifecycle.resolve),
    "reopen": Command(Role.responder, lifecycle.reopen),
    "close": Command(Role.commander, lifecycle.close),
}
