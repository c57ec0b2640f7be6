"""What spans did, as countable events: whom they called and last, and what they logged."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .span_table import Bools, Ints, SpanTable

NOBODY, FAILS, AFTER = "calls nobody", "fails", " after "


@dataclass(frozen=True)
class Events:
    """What spans did; `row` and `event` of shape (m,), each pair once."""

    names: tuple[str, ...]
    loud: Bools
    """By event: whether it is an error, logged or in the span's status; shape (len(names),)."""
    line: Bools
    """By event: whether it is a log line."""
    order: Bools
    """By event: whether it is the order of two calls."""
    row: Ints
    event: Ints


def events_of(table: SpanTable, row: Ints, label: Ints, said: Sequence[str], loud: Bools) -> Events:
    """Events of a table's spans: their calls, which came last, what was called after what, and
    their log lines.

    row, label: span and statement of each log line (shape (k,); lines without a span are left
    out before). said: the statements; loud: which lines (by line) are errors.
    """
    n = len(table.ops)
    child, last, next_, turns = _calls(table)
    childless = np.setdiff1d(np.arange(len(table)), table.parent[child])
    failed = np.flatnonzero(table.error)
    names = [f"calls {op.service} {op.name}" for op in table.ops]
    names += [f"ends with {op.service} {op.name}" for op in table.ops]
    names += [NOBODY, FAILS]
    names += [f"calls {table.ops[b].name}{AFTER}{table.ops[a].name}" for a, b in turns]
    base = len(names)
    names += [f"logs {text}" for text in said] + [f"logs an error: {text}" for text in said]
    parts = [
        (table.parent[child], table.op[child]),
        (table.parent[last], n + table.op[last]),
        (childless, np.full(childless.size, 2 * n)),
        (failed, np.full(failed.size, 2 * n + 1)),
        (next_[0], 2 * n + 2 + next_[1]),
        (row, base + label + np.where(loud, len(said), 0)),
    ]
    rows, event = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    pair = np.unique(rows * len(names) + event)
    number = np.arange(len(names))
    return Events(
        tuple(names),
        loud=(number == 2 * n + 1) | (number >= base + len(said)),
        line=number >= base,
        order=(number >= 2 * n + 2) & (number < base),
        row=pair // len(names),
        event=pair % len(names),
    )


def _calls(table: SpanTable) -> tuple[Ints, Ints, tuple[Ints, Ints], list[tuple[int, int]]]:
    """Rows that have a parent; the last of each parent; per change from one call to another its
    parent and its number in the list of (operation, next operation)."""
    child = np.flatnonzero(table.parent >= 0)
    child = child[np.lexsort((table.start[child], table.parent[child]))]
    above, op = table.parent[child], table.op[child]
    same = above[1:] == above[:-1]
    last = child[np.append(~same, True)[: child.size]]
    turn = same & (op[1:] != op[:-1])
    key, number = np.unique(op[:-1][turn] * len(table.ops) + op[1:][turn], return_inverse=True)
    turns = [divmod(int(value), len(table.ops)) for value in key]
    return child, last, (above[1:][turn], number.astype(np.int64)), turns
