"""`warroom silence`: a person's word on which alerts are to be quiet."""

import re
from collections.abc import Sequence
from datetime import timedelta

from pydantic import ValidationError

from ..app.configuration import settings
from ..app.record import Record
from ..app.words import moment
from ..errors import InputError
from ..incident.identity import at_terminal
from ..incident.timeline import utc_now
from ..intake.silences import Matcher, Silence, Silences
from ..misfit import said
from .desk import print_json
from .exits import Exit
from .screen import say, screen, shown

MATCHER = re.compile(r"([^=!~]+?)(=~|!~|!=|=)(.*)", re.DOTALL)


def silence_command(
    matchers: Sequence[str], reason: str, hours: float, maintenance: bool, by: str
) -> Exit:
    """From now on, for so many hours."""
    now = utc_now()
    made = Silences(Record(settings()).store.engine).add(
        [_matcher(text) for text in matchers],
        now,
        now + timedelta(hours=hours),
        str(at_terminal(by)),
        reason,
        "maintenance" if maintenance else "silence",
    )
    _told(made)
    return Exit.done


def list_silences_command(as_json: bool) -> Exit:
    """One line a silence."""
    found = Silences(Record(settings()).store.engine).all()
    if as_json:
        print_json([silence.model_dump(mode="json") for silence in found])
        return Exit.done
    for silence in found:
        _told(silence)
    return Exit.done


def expire_command(silence: str, by: str) -> Exit:
    """End it now."""
    Silences(Record(settings()).store.engine).expire(silence, str(at_terminal(by)))
    say(screen(), ("  ✓ ", "good"), f"{shown(silence)} is over")
    return Exit.done


def _matcher(text: str) -> Matcher:
    found = MATCHER.fullmatch(text)
    if found is None:
        raise InputError(f'{text!r} is no matcher: write service="cart", or with !=, =~, !~')
    name, op, value = found.groups()
    value = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    try:
        return Matcher.model_validate({"name": name.strip(), "op": op, "value": value})
    except ValidationError as error:
        raise InputError(f"{text!r}: {said(error.errors()[0])}") from error


def _told(silence: Silence) -> None:
    which = ", ".join(f'{m.name}{m.op}"{m.value}"' for m in silence.matchers)
    until = f"until {moment(silence.ends_at)}, by {silence.made_by}: {silence.reason}"
    say(screen(), (f"  {silence.id} ", "strong"), shown(f"{which} {until}", 600))
