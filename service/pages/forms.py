"""What forms of ours send, and where they lead back to."""

import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Depends, Request

from ...errors import InputError

LONGEST = 2000
"""Characters of a field."""
OWN = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
"""A path of ours: no browser takes it for another host's."""
Form = Mapping[str, list[str]]


async def _form(request: Request) -> Form:
    """The fields. Raises InputError where it is no form."""
    try:
        found = parse_qs(
            (await request.body()).decode(), keep_blank_values=True, max_num_fields=200
        )
    except ValueError:  # not text, or more of it than any form of ours has
        raise InputError("this is no form of ours: load the page anew") from None
    if any(len(text) > LONGEST for texts in found.values() for text in texts):
        raise InputError(f"a field takes {LONGEST} characters: write less")
    return found


Sent = Annotated[Form, Depends(_form)]


def one(sent: Form, name: str) -> str:
    """The field's text on one line; empty where it was not sent."""
    return " ".join(sent.get(name, [""])[0].split())


def own_path(path: str) -> str:
    """The path where it is one of ours, else the list."""
    return path if OWN.fullmatch(path) else "/"
