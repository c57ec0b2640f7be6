"""The document as JSON, and back. Markdown is made by prompts/, which may know the document."""

from pydantic import ValidationError

from ..errors import InputError
from .document import SCHEMA_VERSION, Incident


def to_json(document: Incident) -> str:
    """The whole document, indented, keys in the model's order."""
    return document.model_dump_json(indent=2) + "\n"


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
