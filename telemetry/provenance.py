"""What the columns of a query's answer are made of: recorded columns, or words of the query itself.

A column proves something where it is a recorded column, or an aggregate or arithmetic over some; a
constant, a CASE, a cut-out of a text prove nothing: the query chose what they say. One table, or
one query within another over it: a join, a UNION, VALUES or a generated table can put one service's
number beside another's name, or count things twice, and prove nothing at all.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import duckdb

from .queries import nodes, offered
from .tables import COLUMNS, seen

Node = dict[str, Any]
UNITS = {1, 10, 60, 100, 1000, 3600, 86400, 1e6, 1e9, 1024, 1048576}
"""Numbers by which a recorded one may be multiplied or divided: they change its unit alone."""
LONGEST_BUCKET = 86400
"""Seconds of a bucket of time."""
IDENTITIES = {"service", "instance", "name", "id", "version", "previous", "kind", "level", "status"}
IDENTITIES |= {"trace_id", "span_id", "parent_id", "author", "files", "labels", "object"}
"""Columns of which an aggregate proves nothing: the least name and the greatest value of a table
need not belong together."""
MULTIPLIES = {"JOIN", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "TABLE_FUNCTION"}
MULTIPLIES |= {"EXPRESSION_LIST", "PIVOT", "CTE_NODE"}
SPELLED = {"strftime", "string_agg", "group_concat"}
"""Functions whose constant text stands in their result: no words may be in it."""


@dataclass(frozen=True)
class Made:
    """What one column is made of."""

    recorded: frozenset[str]
    """Recorded columns; empty for a count of rows."""
    counted: bool = False
    """A count, or made of one: a nought of it may be the query's own fault."""
    as_is: bool = True
    """The recorded value itself, or one of them: its unit is the column's."""

    @property
    def column(self) -> str:
        """The recorded column whose unit it has; empty where there is no single one."""
        return next(iter(self.recorded)) if self.as_is and len(self.recorded) == 1 else ""


@dataclass(frozen=True)
class Provenance:
    """The columns of an answer that prove something, and what the query filtered by."""

    columns: Mapping[str, Made] = field(default_factory=dict)
    equals: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By recorded column: the texts that every row has there, by WHERE."""


@cache
def provenance(sql: str) -> Provenance:
    """What an answered query's columns are made of; nothing for what cannot be told."""
    try:
        with duckdb.connect() as db:
            found = db.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
        tree = json.loads(found[0] if found else "{}")
    except (duckdb.Error, RecursionError, ValueError):
        return Provenance()
    if tree.get("error") or len(tree.get("statements", [])) != 1:
        return Provenance()
    if any(_multiplies(node) for node in nodes(tree)):
        return Provenance()
    return _select(tree["statements"][0]["node"], {})


def _multiplies(node: Node) -> bool:
    return node.get("type") in MULTIPLIES or node.get("function_name") == "unnest"


def _select(node: Node, outer: Mapping[str, Provenance]) -> Provenance:
    """One SELECT over one source."""
    if node.get("type") != "SELECT_NODE":
        return Provenance()
    known = dict(outer)
    for entry in node.get("cte_map", {}).get("map", []):
        known[entry["key"].lower()] = _select(_within(entry["value"]), known)
    source = _source(node.get("from_table", {}), known)
    if not source.columns:
        return Provenance()
    columns = {name: made for item in node["select_list"] for name, made in _items(item, source)}
    filtered = {**source.equals, **_equal(node.get("where_clause"), source)}
    return Provenance(columns, filtered)


def _within(value: Node) -> Node:
    """The SELECT of a named or nested query, as either way of writing it down has it."""
    query = value.get("query_node") or value.get("query") or value
    return query.get("node", query)


def _source(table: Node, known: Mapping[str, Provenance]) -> Provenance:
    """What is selected from: a named query, a recorded table, or a query in brackets."""
    if table.get("column_name_alias"):
        return Provenance()
    if table.get("type") == "SUBQUERY":
        return _select(_within(table["subquery"]), known)
    name = str(table.get("table_name", "")).lower()
    if name in known:
        return known[name]
    recorded = seen(name) if name in COLUMNS else ()
    return Provenance({column: Made(frozenset([column])) for column in recorded})


def _items(item: Node, source: Provenance) -> Iterator[tuple[str, Made]]:
    """Columns that one item of a SELECT list gives, by name, where they prove something."""
    if item.get("class") == "STAR":
        plain = not (item.get("columns") or item.get("replace_list") or item.get("rename_list"))
        left_out = {str(name).lower() for name in item.get("exclude_list", [])}
        yield from ((n, m) for n, m in source.columns.items() if plain and n not in left_out)
        return
    made = _made(item, source)
    name = item.get("alias") or _named(item)
    if made and name:
        yield name, made


def _named(item: Node) -> str:
    """The name that DuckDB gives a column without one."""
    if item.get("class") == "COLUMN_REF":
        return item["column_names"][-1]
    arguments = [_named(argument) for argument in _arguments(item)]
    return f"{item['function_name']}({', '.join(arguments)})" if item.get("function_name") else ""


def _arguments(node: Node) -> list[Node]:
    return [a.get("expression", a) for a in node.get("arguments", [])]


def _made(node: Node, source: Provenance) -> Made | None:
    """What an expression is made of; None: it proves nothing."""
    match node.get("class"):
        case "COLUMN_REF":
            return source.columns.get(node["column_names"][-1].lower()) or source.columns.get(
                node["column_names"][-1]
            )
        case "CAST":
            return _made(node["child"], source)
        case "FUNCTION":
            return _function(node, source)
    return None


def _function(node: Node, source: Provenance) -> Made | None:
    name, arguments = str(node["function_name"]).lower(), _arguments(node)
    if name in ("count_star", "count_if", "count"):
        return Made(frozenset(), counted=True, as_is=False)
    if name in ("+", "-", "*", "/", "//"):
        return _arithmetic(name, arguments, source)
    if name not in offered().keeping:
        return None
    constants = [a["literal"]["text"] for a in arguments if a.get("class") == "CONSTANT"]
    if name in SPELLED and any(re.search(r"(?<!%)[^\W_]", str(text)) for text in constants):
        return None
    found = [_made(a, source) for a in arguments if a.get("class") != "CONSTANT"]
    made = _together(found)
    aggregate = name in offered().aggregates
    return None if made and aggregate and made.recorded & IDENTITIES else made


def _together(parts: list[Made | None], as_is: bool = True) -> Made | None:
    """Of all parts together; None where one proves nothing, or there is none."""
    known = [part for part in parts if part]
    if not known or len(known) < len(parts):
        return None
    recorded = frozenset().union(*(part.recorded for part in known))
    same = as_is and all(part.as_is for part in known)
    return Made(recorded, any(part.counted for part in known), same)


def _arithmetic(sign: str, arguments: list[Node], source: Provenance) -> Made | None:
    """Over what is recorded, or by a number that changes the unit: nothing added, no x - x."""
    constant = [a for a in arguments if a.get("class") == "CONSTANT"]
    if bucket := _bucket(sign, arguments):
        return _made(bucket, source)
    if constant and (sign in "+-" or any(_number(c) not in UNITS for c in constant)):
        return None
    varying = [a for a in arguments if a.get("class") != "CONSTANT"]
    if len(varying) == 2 and _bare(varying[0]) == _bare(varying[1]):
        return None
    return _together([_made(a, source) for a in varying], as_is=False)


def _bucket(sign: str, arguments: list[Node]) -> Node | None:
    """The time in floor(time / n) * n."""
    if sign != "*" or len(arguments) != 2:
        return None
    inner, size = sorted(arguments, key=lambda a: a.get("class") == "CONSTANT")
    while inner.get("class") == "CAST" or inner.get("function_name") == "floor":
        inner = inner["child"] if inner.get("class") == "CAST" else _arguments(inner)[0]
    if inner.get("function_name") not in ("/", "//") or size.get("class") != "CONSTANT":
        return None
    time, width = _arguments(inner)
    fits = _number(width) == _number(size) and 0 < (_number(size) or 0) <= LONGEST_BUCKET
    named = time.get("class") == "COLUMN_REF" and time["column_names"][-1] in ("ts", "at", "start")
    return time if fits and named else None


def _number(node: Node) -> float | None:
    try:
        return float(node["literal"]["text"])
    except (KeyError, TypeError, ValueError):
        return None


def _bare(node: Any) -> Any:
    """An expression without where it stood and what it is called."""
    if isinstance(node, dict):
        left_out = ("query_location", "query_location_length", "alias")
        return {key: _bare(value) for key, value in node.items() if key not in left_out}
    return [_bare(value) for value in node] if isinstance(node, list) else node


def _equal(where: Any, source: Provenance) -> dict[str, frozenset[str]]:
    """Texts that a filter leaves in a recorded column, of all that it demands at once."""
    found: dict[str, frozenset[str]] = {}
    waiting = [where] if where else []
    while waiting:
        node = waiting.pop()
        if node.get("type") == "CONJUNCTION_AND":
            waiting += node["children"]
        pair = [node.get("left", {}), node.get("right", {})]
        parts = pair if node.get("type") == "COMPARE_EQUAL" else []
        parts = node["children"] if node.get("type") == "COMPARE_IN" else parts
        made = _made(parts[0], source) if parts else None
        texts = [str(part.get("literal", {}).get("text")) for part in parts[1:]]
        if made and made.column and all(part.get("class") == "CONSTANT" for part in parts[1:]):
            found[made.column] = frozenset(texts)
    return found
