"""A trouble: what is wrong with which object, what shows it, who suffers, what puts it right."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import Field

from ..yaml_tables import Entry, Regex, read_table
from .objects import Object, value
from .snapshot import Snapshot, Told


class Cause(Entry):
    """What is known of one kind of trouble, a row of causes.yaml."""

    fault: str = Field(description="the kind of fault that it is for an incident")
    statement: str = Field(description="one sentence; {object} and what is said fill it in")
    cure: str = Field(description="what puts it right, for a person")
    wrong_if: str = Field(description="what would show that it is not so")


@cache
def causes() -> Mapping[str, Cause]:
    """Every kind of trouble by its name."""
    return read_table("cluster/causes.yaml", dict[str, Cause])


class Saying(Entry):
    """Words that tell a trouble."""

    cause: str = Field(description="a row of causes.yaml")
    said: Regex


class Sayings(Entry):
    """words.yaml, which says what each is for."""

    refusals: tuple[Saying, ...]
    pulls: tuple[Saying, ...]
    unwell: tuple[Saying, ...]
    endings: dict[str, tuple[Regex, ...]]
    plugins: frozenset[str] = Field(description="of CoreDNS: https://coredns.io/plugins/")


@cache
def words() -> Sayings:
    """The words of words.yaml."""
    return read_table("cluster/words.yaml", Sayings)


def said_by(sayings: Iterable[Saying], text: str) -> tuple[str, dict[str, str]] | None:
    """(cause, what its words name) of the first saying that a text has."""
    for one in sayings:
        if found := one.said.search(text):
            return one.cause, {k: v.strip() for k, v in found.groupdict().items() if v}
    return None


@dataclass(frozen=True)
class Sign:
    """One thing that shows it: a field of an object and its value, or an event."""

    object: str
    field: str
    value: str


@dataclass(frozen=True)
class Trouble:
    """What one object does wrong."""

    cause: str
    object: str  # the one to put right: Deployment shop/cart
    signs: tuple[Sign, ...]
    victims: frozenset[str]  # workloads, services, pods that suffer from it
    surety: float  # 1: the API says so; lower: it follows from what objects say
    said: Mapping[str, Any] = field(default_factory=dict)
    shared: str = ""  # the object to put right instead where several workloads suffer so from it

    @property
    def statement(self) -> str:
        """In one sentence."""
        return causes()[self.cause].statement.format(object=self.object, **self.said)

    @property
    def about(self) -> Cause:
        """What is known of its kind."""
        return causes()[self.cause]


def wrong(
    cause: str,
    one: Object,
    signs: Iterable[Sign],
    surety: float,
    why: str = "",
    *,
    name: str = "",
    place: str = "",
    victims: Iterable[str] = (),
    shared: str = "",
) -> Trouble:
    """A trouble of one object: the one to put right, where no other place is, and the one that
    suffers, where nobody else does."""
    said = {"name": name or one.name, "why": why, "workload": one.ref}
    hurt = frozenset(victims) or frozenset({one.ref})
    return Trouble(cause, place or one.ref, tuple(signs), hurt, surety, said, shared)


Recogniser = Callable[[Snapshot], Iterable[Trouble]]


def sign(one: Object, path: str) -> Sign:
    """A field of an object, as it stands."""
    return Sign(one.ref, path, _short(value(one.raw, path)))


def told(one: Object, event: Told) -> Sign:
    """An event about an object."""
    return Sign(one.ref, f"event {event.reason}", _short(event.message))


def _short(found: Any) -> str:
    text = str(found)
    return text if len(text) <= 400 else f"{text[:400]}…"
