"""What feeds.yaml says: where a tool lists its changes over HTTP as JSON, and how an entry is read.

A value is read by JMESPath, as in the table of alerts' vendors; a text may hold such paths in
braces: `to {environment}: {description || ref}`. A path sees the entry, and beside its own fields

    of      what it was in, where a list is `within` each entry
    before  the older entry of its `group`
    look    answers about it, by name

and, in addresses and parameters only, `given` (the datasource's jsonData) and `start` and `end` of
the window, each as iso, ms and day.
"""

import re
from functools import cache
from typing import Annotated, Any

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import Field, PlainValidator

from ...yaml_tables import Entry, read_table

PART = re.compile(r"\{([^{}]+)\}")
NAME = re.compile(r"[\w.:~+/-]{1,400}")
UP = re.compile(r"(?:^|/)\.{1,2}(?:/|$)")
"""What a segment of an address may be, and may not hold: each is encoded as one all the same."""


class Path:
    """One JMESPath."""

    def __init__(self, text: str) -> None:
        try:
            self._parsed = jmespath.compile(text)
        except JMESPathError as error:
            said = str(error).splitlines()[0]
            raise ValueError(f"not a path ({said}): write one as a.b[0].c") from None

    def at(self, content: Any) -> Any:
        """What is there; None for nothing, and for what does not fit the path."""
        try:
            return self._parsed.search(content)
        except JMESPathError:
            return None

    def all(self, content: Any) -> list[Any]:
        """The list that is there, without nulls; empty for what is none."""
        found = self.at(content)
        return [one for one in found if one is not None] if isinstance(found, list) else []


class Text:
    """A text with paths in braces."""

    def __init__(self, text: str) -> None:
        parts = PART.split(text)
        self._plain, self._paths = parts[::2], [Path(part) for part in parts[1::2]]

    def of(self, content: Any) -> str:
        """The text; what is not there is left out of it."""
        return self._woven([_words(path.at(content)) for path in self._paths])

    def whole(self, content: Any) -> str:
        """The text; empty where a part of it is not there."""
        values = [_words(path.at(content)) for path in self._paths]
        return self._woven(values) if all(values) else ""

    def _woven(self, values: list[str]) -> str:
        return "".join(a + b for a, b in zip(self._plain, [*values, ""], strict=True))


class Place:
    """An address below a datasource's url: a text for each of its segments."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._segments = [Text(part) for part in text.split("/")]

    def at(self, content: Any) -> tuple[str, ...]:
        """Its segments; none where a part is not there, or would lead elsewhere."""
        found = tuple(segment.whole(content) for segment in self._segments)
        return found if all(NAME.fullmatch(one) and not UP.search(one) for one in found) else ()


def _words(value: Any) -> str:
    """Of a text, a number, true and false; an object has none."""
    return (
        value if isinstance(value, str) else str(value) if isinstance(value, (int, float)) else ""
    )


JsonPath = Annotated[Path, PlainValidator(lambda value: Path(str(value)))]
Words = Annotated[Text, PlainValidator(lambda value: Text(str(value)))]
Address = Annotated[Place, PlainValidator(lambda value: Place(str(value)))]
NONE, TRUE, EMPTY = Path("`null`"), Path("`true`"), Text("")


class Table(Entry, arbitrary_types_allowed=True):
    """A record with paths in it."""


class Lookup(Table):
    """One more question about one entry."""

    path: Address = Field(description="below the datasource's url")
    params: dict[str, Words] = Field(default={}, description="of the question")
    needed: bool = Field(default=False, description="without an answer the entry is not read yet")


class Listing(Table):
    """One list of a tool, and how its entries are changes."""

    what: str = Field(description="what its entries are called, in the plural")
    docs: str = Field(description="where its API is described")
    path: tuple[Address, ...] = Field(description="below the datasource's url; the first whole one")
    params: dict[str, Words] = Field(default={}, description="of the question; empty ones are not")
    accept: str = Field(default="", description="an Accept header")
    optional: bool = Field(default=False, description="a tool may lack it: 404 says that")
    entries: JsonPath = Field(default=Path("@"), description="the list in an answer")
    within: JsonPath | None = Field(default=None, description="the list in each of its entries")
    size: int = Field(default=0, description="entries of a full page; 0: it comes in one")
    next: dict[str, JsonPath] = Field(
        default={}, description="parameters of the next page, by answer, last, page and count"
    )
    since: JsonPath = Field(default=NONE, description="a time: an entry of before is not looked at")
    only: JsonPath = Field(default=TRUE, description="entries that count at all")
    order: JsonPath | None = Field(default=None, description="newest has the largest; else as told")
    group: JsonPath = Field(default=NONE, description="entries that follow each other")
    look: dict[str, Lookup] = Field(default={}, description="what is asked about a new entry")
    over: JsonPath = Field(default=TRUE, description="whether it has happened")
    at: JsonPath = Field(description="when: ISO 8601, unix seconds or milliseconds")
    kind: Words = Field(default=EMPTY, description="the tool's word; empty: a tag names it")
    tags: JsonPath = Field(default=NONE, description="texts: a word of a kind, or service:name")
    kinds: tuple[str, ...] = Field(default=(), description="of what tags name, those that count")
    names: JsonPath = Field(default=NONE, description="texts that jsonData.folders may begin")
    labels: JsonPath = Field(default=NONE, description="an object whose labels name the service")
    service: Words = Field(default=EMPTY, description="else the service")
    id: Words = Field(description="the same for the same change, another in each list")
    version: Words = Field(default=EMPTY, description="what is there now")
    previous: Words = Field(default=EMPTY, description="what was there before")
    author: Words = Field(default=EMPTY, description="who")
    text: Words = Field(description="a sentence")
    failed: JsonPath = Field(default=NONE, description="whether it failed")
    patches: JsonPath = Field(default=NONE, description="pairs of a file and its patch")
    states: tuple[JsonPath, JsonPath] | None = Field(
        default=None, description="what it was and what it is: the difference is the diff"
    )
    file: Words = Field(default=EMPTY, description="what such a difference is called")


@cache
def feeds() -> dict[str, tuple[Listing, ...]]:
    """The lists of each kind of datasource."""
    return read_table("telemetry/sources/feeds.yaml", dict[str, tuple[Listing, ...]])
