"""The document as JSON, and back. Markdown is made by prompts/, which may know the document."""

import json
import re

from pydantic import ValidationError

from ..errors import InputError
from .document import SCHEMA_VERSION, Incident

HIDDEN = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""C1 controls, bidirectional marks, what has no width, lone surrogates."""


def to_json(document: Incident) -> str:
    """The whole document, indented, keys in the model's order."""
    return escaped(document.model_dump_json(indent=2)) + "\n"


def escaped(text: str) -> str:
    """JSON whose strings hold no character that could steer a terminal: those are written as
    \\uXXXX, which says the same."""
    return HIDDEN.sub(lambda match: json.dumps(match.group())[1:-1], text)


def from_json(text: str | bytes) -> Incident:
    """The document that `to_json` wrote.

    Raises:
        InputError: no document, or one of another schema version.
    """
    try:
        document = Incident.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the text"
        raise InputError(f"not an incident document: {where}: {first['msg']}") from error
    if document.schema_version != SCHEMA_VERSION:
        raise InputError(
            f"document of schema {document.schema_version}; this Warroom reads {SCHEMA_VERSION}"
        )
    return document
