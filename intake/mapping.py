"""Alerts out of any JSON by JMESPath: the vendors' tables, and what a user writes for a source of
their own. JMESPath and not RFC 9535: it is what AWS's, Ansible's and Azure's tools speak, a dotted
path is one already, and its `||` says "the first that is there", for which JSONPath has no word.
"""

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, Field

from ..errors import AlertError
from ..incident.document import Alert
from ..telemetry.alerts import (
    LONGEST_NAME,
    LONGEST_TEXT,
    MOST_ALERTS,
    fingerprint,
    parse_time,
    text_map,
    truncated,
)
from ..yaml_tables import Entry, read_table

OVER = ("resolved", "ok", "closed", "inactive", "recovered")


def _parsed(text: str) -> str:
    try:
        jmespath.compile(text) if text else None
    except JMESPathError as error:
        said = str(error).splitlines()[0]
        raise ValueError(f"not a path ({said}): write one as a.b[0].c") from None
    return text


Path = Annotated[str, AfterValidator(_parsed)]


class Mapping(Entry):
    """Where each part of an alert stands in a body, as JMESPath."""

    each: Path = Field("", description="the list of alerts; empty: the body is one")
    only: Path = Field("", description="no alert where this is not true")
    name: Path = Field(description="what the alert is called")
    status: Path = Field("", description="the word for firing or over")
    resolved: tuple[str, ...] = Field(OVER, description="words of `status` for over, any case")
    service: Path = Field("", description="the service that it names")
    severity: Path = Field("", description="the source's word for the level")
    summary: Path = Field("", description="a sentence")
    starts_at: Path = Field("", description="when it began: RFC 3339 or unix seconds")
    ends_at: Path = Field("", description="when it was over")
    seen_at: Path = Field("", description="when the source says so")
    fingerprint: Path = Field("", description="the same for the same alert")
    labels: Path = Field("", description='an object of text, or a list of "name:value"')
    annotations: Path = Field("", description="an object of text")
    delivery: Path = Field("", description="the sender's id of the delivery")
    refuses: int = Field(400, description="HTTP status for a body that cannot be read: 400 or 202")


@cache
def vendors() -> dict[str, Mapping]:
    """How each vendor's webhook is read (vendors.yaml)."""
    return read_table("intake/vendors.yaml", dict[str, Mapping])


def read_mapped(content: Any, mapping: Mapping, source: str) -> list[Alert]:
    """The alerts in decoded JSON; none where it tells of none. Raises AlertError."""
    items = _at(content, mapping.each) if mapping.each else [content]
    if not isinstance(items, list) or len(items) > MOST_ALERTS:
        raise AlertError(f"{mapping.each or 'the body'} is no list of {MOST_ALERTS} alerts at most")
    return [
        _alert(item, mapping, source)
        for item in items
        if not mapping.only or _at(item, mapping.only)
    ]


def _alert(item: Any, mapping: Mapping, source: str) -> Alert:
    text = lambda part, most: truncated(_at(item, getattr(mapping, part)), most)  # noqa: E731
    name, labels = text("name", LONGEST_NAME), dict(_labels(_at(item, mapping.labels)))
    if not name:
        raise AlertError(f"the alert has no name where {source} should have one ({mapping.name})")
    service = text("service", LONGEST_NAME) or labels.get("service", "")
    known = labels | ({"service": service} if service else {})
    return Alert(
        name=name,
        status="resolved" if text("status", 40).casefold() in mapping.resolved else "firing",
        service=service,
        severity=text("severity", 40),
        summary=text("summary", LONGEST_TEXT),
        starts_at=parse_time(_number(_at(item, mapping.starts_at))),
        ends_at=parse_time(_number(_at(item, mapping.ends_at))),
        seen_at=parse_time(_number(_at(item, mapping.seen_at))),
        labels=labels,
        annotations=text_map(_at(item, mapping.annotations)),
        fingerprint=text("fingerprint", 100) or fingerprint(name, known),
        source=source,
    )


def delivery_id(content: Any, mapping: Mapping) -> str:
    """The sender's own id of the delivery; empty: it gives none."""
    return truncated(_at(content, mapping.delivery), 200)


def _at(content: Any, path: str) -> Any:
    if not path:
        return None
    try:
        return jmespath.search(path, content)
    except JMESPathError as error:
        raise AlertError(f"{path} does not fit what came ({error})") from error


def _number(value: Any) -> Any:
    """Templates write numbers as text."""
    return float(value) if isinstance(value, str) and value.strip().isdigit() else value


def _labels(value: Any) -> Iterator[tuple[str, str]]:
    """From an object, a list or a line of "name:value"; a word alone is true."""
    if isinstance(value, dict) or value is None:
        yield from text_map(value).items()
        return
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list):
        raise AlertError('labels are no object and no list of "name:value"')
    for part in parts:
        name, colon, text = truncated(part, 300).partition(":")
        if name.strip():
            yield name.strip(), text.strip() if colon else "true"
