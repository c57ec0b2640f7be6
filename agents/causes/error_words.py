"""What an error's own words say about the kind of fault, by error_words.yaml."""

from functools import cache

from ...incident.finding import FaultKind
from ...tools.new_failures import NewFailure
from ...yaml_tables import AnyCase, Entry, read_table

REFUSED_AS_WRONG = (400, 415, 422)
"""Answers that blame the request."""


class ErrorKind(Entry):
    """One entry of error_words.yaml, which says what each is for."""

    words: AnyCase
    kinds: tuple[str, ...]
    asked: bool = False


@cache
def _kinds() -> tuple[ErrorKind, ...]:
    return tuple(read_table("agents/causes/error_words.yaml", list[ErrorKind]))


def known_kind(*names: str) -> FaultKind:
    """The first of these kinds of fault that this installation knows; else unknown."""
    for name in names:
        try:
            return FaultKind(name)
        except ValueError:
            continue
    return FaultKind.unknown


def kind_of(row: NewFailure) -> FaultKind:
    """The kind of fault that an error's own words name; unknown for none."""
    return known_kind(*(entry.kinds if (entry := _entry(row)) else ()))


def asked(row: NewFailure) -> bool:
    """Whether the question may be wrong and not the answer."""
    entry = _entry(row)
    return row.code in REFUSED_AS_WRONG or bool(entry and entry.asked)


def _entry(row: NewFailure) -> ErrorKind | None:
    text = f"{row.exception} {row.words}"
    return next((entry for entry in _kinds() if entry.words.search(text)), None)
