"""What forms of ours send."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request

from ...errors import InputError
from ...text_safety.lines import one_line
from ..edge import MOST_BODY

LONGEST = 2000
"""Characters of a field."""
Form = Mapping[str, list[str]]


async def _form(request: Request) -> Form:
    """The fields, some of which may come more than once. Raises InputError where one is no text, or
    too long."""
    return await _fields(request, LONGEST)


async def _long_form(request: Request) -> Form:
    """The same where one may be a document: as long as a body may be."""
    return await _fields(request, MOST_BODY)


async def _fields(request: Request, longest: int) -> Form:
    found: dict[str, list[str]] = {}
    for name, text in (await request.form(max_fields=200)).multi_items():
        if not isinstance(text, str) or len(text) > longest:
            raise InputError(f"a field takes {longest} characters: write less")
        found.setdefault(name, []).append(text)
    return found


Sent = Annotated[Form, Depends(_form)]
Long = Annotated[Form, Depends(_long_form)]


def one(sent: Form, name: str) -> str:
    """The field's text on one line; empty where it was not sent."""
    return one_line(sent.get(name, [""])[0])


def whole(sent: Form, name: str) -> str:
    """The field's text with its lines; empty where it was not sent."""
    return sent.get(name, [""])[0]
