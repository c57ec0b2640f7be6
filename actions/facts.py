"""What is so in a system and is no number: grants, settings, environments, who waits for whom;
and the capabilities to look at it and to put it back."""

import hmac
import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from pydantic import Field

from ..incident.action import Level
from ..yaml_tables import Entry, read_table
from .capabilities import Capability, Receipt, Replaced


class FactKind(StrEnum):
    """What a fact is about."""

    grant = "grant"
    policy = "policy"
    constraint = "constraint"
    index_ = "index"
    trigger = "trigger"
    function = "function"
    column = "column"
    setting = "setting"
    environment = "environment"
    limit = "limit"
    process = "process"
    wait = "wait"
    connections = "connections"
    unread = "unread"


Place = Literal["database", "process"]


class Telling(Entry):
    """How a change is told: of what was not there, is gone, has another value."""

    added: str = "{what} {object} was added: {now}"
    gone: str = "{what} {object} is gone; it was: {before}"
    turned: str = "{what} {object}: {before} → {now}"


class Kind(Entry):
    """What is known of the facts of one kind."""

    told: str
    """Kind of change that another value is."""
    words: Telling = Telling()
    place: Place
    risk: Level | None = None
    """Of putting one back; None: that is done by hand."""
    notices: str = ""
    """Who notices when one is put back."""


KINDS = read_table("actions/facts.yaml", dict[FactKind, Kind])
"""Kinds whose other value is a change; sessions, and what could not be looked at, are none."""


def restored_at(place: Place) -> list[FactKind]:
    """The kinds that can be put back there."""
    return [name for name, kind in KINDS.items() if kind.risk and kind.place == place]


FOLDER, COMMAND = "working folder", "command line"
"""What belongs to an environment and is no variable of it."""
Facts = dict[tuple[FactKind, str], str]
"""(kind, object) to what is so of it; objects are named as people name them."""


@dataclass(frozen=True)
class Reading:
    """One look at one part of a system: every fact there is of it. What an earlier look had and
    this one has not is gone; where it could not be looked at, nothing is known."""

    service: str
    """As telemetry calls it."""
    part: str
    """What was looked at, in words: "the sessions of the database"."""
    facts: Facts = field(default_factory=dict)
    instance: str = ""
    gap: str = ""
    """Why it could not be looked at; empty where it could."""


SECRET_NAME = re.compile(
    r"pass(?:w|phrase)|(?:^|_)pass(?:_|$)|pwd|secret|token|credential|(?:api|access|private|_)_?key$|dsn|conninfo",
    re.IGNORECASE,
)
"""Names whose values nobody writes down."""
LOGIN_IN_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@", re.IGNORECASE)
MASKED = "secret, digest "
LONGEST = 4000
"""Characters of a value that are kept."""


def kept(name: str, value: str, key: str) -> str:
    """A value as it may be written down: of a secret only a digest, which tells one from another.

    key: something secret of the system itself, so that a digest cannot be guessed from outside.
    """
    if not value or not (SECRET_NAME.search(name) or LOGIN_IN_URL.search(value)):
        return value if len(value) <= LONGEST else f"{digest(value)} of {len(value)} characters"
    return f"{MASKED}{digest(value, key)}"


def digest(value: str, key: str = "") -> str:
    """Eight hex digits."""
    return hmac.new(key.encode(), value.encode(), "sha256").hexdigest()[:8]


def restorable(value: str) -> bool:
    """Whether a value was written down as it is."""
    return not re.match(rf"{MASKED}[0-9a-f]{{8}}$|[0-9a-f]{{8}} of \d+ characters$", value)


def differences(before: Mapping, after: Mapping) -> dict:
    """Keys that differ, with (before, after); "" is what is not there."""
    keys = [*before, *(key for key in after if key not in before)]
    pairs = {key: (before.get(key, ""), after.get(key, "")) for key in keys}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


class Inspecting(Capability):
    """A system can be asked what is so in it. Looking changes nothing and never hangs."""

    @abstractmethod
    def inspect(self) -> Iterable[Reading]:
        """One look at each part. What cannot be looked at is a reading with a gap, not an error."""


class FactSet(Receipt):
    """Of one fact put back: as it was found before, "" where there was none."""

    what: FactKind
    object: str
    before: str
    after: str
    restarted: list[Replaced] = Field(default_factory=list)


class Restoring(Capability):
    """Facts of a system can be put back."""

    @abstractmethod
    def put(self, where: str, what: FactKind, name: str, now: str, to: str) -> FactSet:
        """Let a fact that is `now` be `to` at a database or in every process of a service; "" is:
        not there. Where it is something else by now: ToolFailed and no change."""


class DatabaseRestoring(Restoring):
    """Facts of a database can be put back."""


class ProcessRestoring(Restoring):
    """Environment and limits of a service's processes can be put back."""


class SessionEnded(Receipt):
    """Of a session that was ended."""

    session: str
    released: int = 0  # sessions that waited for it


class SessionEnding(Capability):
    """Sessions of a database can be ended."""

    @abstractmethod
    def end(self, session: str, application: str) -> SessionEnded:
        """End exactly this session ("pid/start"), as long as others wait for it."""
