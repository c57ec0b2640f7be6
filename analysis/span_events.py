"""What spans did, as countable events: whom they called and last, and what they logged."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .span_table import Bools, Ints, SpanTable

NOBODY, FAILS = "calls nobody", "fails"


@dataclass(frozen=True)
class Events:
    """What spans did; `row` and `event` of shape (m,), each pair once."""

    names: tuple[str, ...]
    loud: Bools
    """By event: whether it is an error, logged or in the span's status; shape (len(names),)."""
    row: Ints
    event: Ints


def events_of(table: SpanTable, row: Ints, label: Ints, said: Sequence[str], loud: Bools) -> Events:
    """Events of a table's spans: their calls, their log lines, and the last call of each.

    row, label: span and statement of each log line (shape (k,); lines without a span are left
    out before). said: the statements; loud: which lines (by line) are errors.
    """
    n = len(table.ops)
    child = np.flatnonzero(table.parent >= 0)
    last = child[np.lexsort((table.start[child], table.parent[child]))]
    last = last[np.append(table.parent[last][1:] != table.parent[last][:-1], True)[: last.size]]
    childless = np.setdiff1d(np.arange(len(table)), table.parent[child])
    names = [f"calls {op.service} {op.name}" for op in table.ops]
    names += [f"ends with {op.service} {op.name}" for op in table.ops]
    names += [NOBODY, FAILS]
    base = len(names)
    names += [f"logs {text}" for text in said] + [f"logs an error: {text}" for text in said]
    failed = np.flatnonzero(table.error)
    rows = np.concatenate([table.parent[child], table.parent[last], childless, failed, row])
    event = np.concatenate(
        [
            table.op[child],
            n + table.op[last],
            np.full(childless.size, 2 * n),
            np.full(failed.size, 2 * n + 1),
            base + label + np.where(loud, len(said), 0),
        ]
    )
    pair = np.unique(rows * len(names) + event)
    is_loud = np.zeros(len(names), bool)
    is_loud[2 * n + 1] = True
    is_loud[base + len(said) :] = True
    return Events(tuple(names), is_loud, pair // len(names), pair % len(names))
