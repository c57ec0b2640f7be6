"""Tables as data: YAML beside the module that reads it, checked against that module's schema.

A table that cannot be used says where (file, line, key) and what to write instead. Every scalar is
read as text and typed by the schema, so `no` and `1_0` mean what they say, and so does `null` but
where there may be nothing. Tables are part of the code: `read_table` is the one door by which pure
maths gets them, once, and never a file of an incident.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
)
from pydantic import model_validator as validator
from pydantic_core import PydanticCustomError

from .errors import TableError
from .misfit import said

HERE = Path(__file__).parent
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""libyaml where it is there: ten times as fast."""
_PART = re.compile(r"\{([a-z]+)\}")

T = TypeVar("T")


class Entry(BaseModel):
    """One record of a table. It does not change, and knows all of its keys."""

    model_config = ConfigDict(frozen=True)

    @validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        if isinstance(value, dict):
            for key in value.keys() - cls.model_fields.keys():
                known = ", ".join(cls.model_fields)
                nearest = difflib.get_close_matches(str(key), cls.model_fields, 1)
                known += "".join(f" (nearest: {name})" for name in nearest)
                raise PydanticCustomError(
                    "unknown_key",
                    "there is no such key here: write one of {known}",
                    {"key": key, "known": known},
                )
            return {key: None if cls._nothing(key, said) else said for key, said in value.items()}
        return value

    @classmethod
    def _nothing(cls, key: str, said: Any) -> bool:
        """Whether it is `null`, where that may be."""
        return said == "null" and type(None) in get_args(cls.model_fields[key].annotation)


class Part(BaseModel):
    """What is used of a document that others define: it has more, and a key without a value says
    nothing."""

    @validator(mode="before")
    @classmethod
    def _empty(cls, value: Any) -> Any:
        return {k: v for k, v in value.items() if v != ""} if isinstance(value, dict) else value


def joined(value: Any) -> Any:
    """A pattern may be a list of its alternatives."""
    return "|".join(map(str, value)) if isinstance(value, list) else value


def _words(value: Any) -> Any:
    return value.split() if isinstance(value, str) else value


def _compiled(flags: int) -> BeforeValidator:
    def compiled(value: Any) -> Any:
        text = joined(value)
        if not isinstance(text, str) or not text:
            raise ValueError("write a regular expression, or a list of its alternatives")
        try:
            return re.compile(text, flags)
        except re.error as error:
            raise ValueError(f"not a regular expression, {error}: mend it") from None

    return BeforeValidator(compiled)


Pattern = Annotated[str, BeforeValidator(joined)]
"""A regular expression as text, for what puts several together."""
Regex = Annotated[re.Pattern[str], _compiled(0)]
AnyCase = Annotated[re.Pattern[str], _compiled(re.IGNORECASE)]
"""Upper and lower case alike."""
Words = Annotated[frozenset[str], BeforeValidator(_words)]
"""Words with blanks between them."""


UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def seconds(text: str | float) -> float:
    """The seconds of a duration as Prometheus writes it: 15s, 1m30s. A bare number is seconds."""
    if isinstance(text, (int, float)):
        return float(text)
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[smhdw])", text)
    if "".join(map("".join, parts)) == text and parts:
        return sum(float(number) * UNITS[unit] for number, unit in parts)
    try:
        return float(text)
    except ValueError:
        raise ValueError("write a duration, such as 15s or 1m") from None


Duration = Annotated[
    float,
    BeforeValidator(seconds, json_schema_input_type=str | float),
    Field(gt=0),
    PlainSerializer(lambda length: f"{length:g}s", when_used="json"),
]


def put_together(pattern: str, parts: Mapping[str, str]) -> str:
    """The pattern with {name} replaced by the part of that name. Raises ValueError for no part."""
    for name in _PART.findall(pattern):
        if name not in parts:
            raise ValueError(f"no part is called {name}: write one of {', '.join(parts)}")
    return _PART.sub(lambda match: parts[match.group(1)], pattern)


def read_table(path: str, schema: type[T]) -> T:
    """A table of the package, e.g. `analysis/code/knobs.yaml`, as what the schema says.

    Raises TableError for one that is missing or wrong. Callers keep what they got.
    """
    try:
        text = (HERE / path).read_text()
    except OSError as error:
        raise TableError(f"{path}: {error.strerror}; install the package again") from None
    return parse_table(text, schema, path)


def parse_table(
    text: str, schema: type[T], name: str, expand: Callable[[str], str] | None = None
) -> T:
    """The text of a table as what the schema says.

    Args:
        text: YAML.
        schema: what it has to fit.
        name: the file's, for errors.
        expand: what every value is passed through first; raises ValueError for one that it cannot.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        _no_key_twice(node, name)
        if expand:
            _expand(node, name, expand)
        data = loader.construct_document(node) if node else None
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error, name) from None
    return Document(name, node, data).read(schema)


def _not_yaml(error: yaml.MarkedYAMLError, name: str) -> TableError:
    line = error.problem_mark.line + 1 if error.problem_mark else 1
    return TableError(f"{name}:{line}: not YAML, {error.problem}: quote or indent it")


@dataclass(frozen=True)
class Document:
    """One document of a file."""

    name: str
    node: Any
    data: Any

    @property
    def place(self) -> str:
        """Where it begins: file and line."""
        return f"{self.name}:{self.node.start_mark.line + 1}"

    def read(self, schema: type[T]) -> T:
        """As what the schema says. Raises TableError with file, line, key and cure."""
        try:
            return TypeAdapter(schema).validate_python(self.data)
        except ValidationError as error:
            raise TableError("\n".join(_explained(error, self.node, self.name))) from None


DEEPEST = 50
"""Levels of what others wrote: libyaml's composer would end the process far beyond."""


def read_documents(text: str, name: str) -> list[Document]:
    """The documents of a file that others wrote, without empty ones. Raises TableError."""
    try:
        _shallow(text, name)
        loader, found = _Loader(text), list[Document]()
        while loader.check_node():
            node = loader.get_node()
            _no_key_twice(node, name)
            found.append(Document(name, node, loader.construct_document(node)))
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error, name) from None
    except yaml.YAMLError as error:
        why = str(error).partition("\n")[0]
        raise TableError(f"{name}:1: not YAML, {why}: write it as plain text") from None
    return [one for one in found if one.data]


def _shallow(text: str, name: str) -> None:
    level = 0
    for event in yaml.parse(text, _Loader):
        level += isinstance(event, yaml.CollectionStartEvent)
        level -= isinstance(event, yaml.CollectionEndEvent)
        if level > DEEPEST:
            line = event.start_mark.line + 1
            raise TableError(f"{name}:{line}: more than {DEEPEST} levels deep: write it flatter")


def _no_key_twice(node: Any, name: str) -> None:
    """YAML would keep the last and forget the first."""
    waiting, met = [node], set()
    while waiting:
        node = waiting.pop()
        if id(node) in met:  # an alias
            continue
        met.add(id(node))
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    raise TableError(f"{name}:{key.start_mark.line + 1}: a key is a word")
                if key.value in seen:
                    line = key.start_mark.line + 1
                    raise TableError(f"{name}:{line}: {key.value} stands here twice: keep one")
                seen.add(key.value)
                waiting.append(value)
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def _expand(root: Any, name: str, expand: Callable[[str], str]) -> None:
    """Values only, each once: a key is what it says, and what came of a value is not read again."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            waiting += [value for _key, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.ScalarNode):
            try:
                node.value = expand(node.value)
            except ValueError as error:
                line = node.start_mark.line + 1
                raise TableError(f"{name}:{line}: {error}") from None


def _explained(error: ValidationError, root: Any, name: str) -> Iterator[str]:
    for found in error.errors():
        place = [*found["loc"], *([key] if (key := found.get("ctx", {}).get("key")) else [])]
        keys, node = _descend(root, place)
        line = node.start_mark.line + 1 if node else 1
        missing = found["type"] == "missing"
        wrong = f"it lacks `{place[-1]}`: add the key" if missing else said(found)
        yield f"{name}:{line}: {'.'.join(map(str, keys)) or 'the table'}: {wrong}"


def _descend(node: Any, place: list[Any]) -> tuple[list[Any], Any]:
    """How far a place leads into the document, and the deepest node on the way."""
    keys = []
    for part in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            step = node.value[part]
        elif isinstance(node, yaml.MappingNode):
            step = next((value for key, value in node.value if key.value == part), None)
        else:
            break
        if step is None:
            break
        keys, node = [*keys, part], step
    return keys, node
