"""Small span tables for tests: a request is written as a tree of calls."""

from dataclasses import dataclass, field

import numpy as np

from warroom.analysis.requests.tables import Op, SpanTable, span_table

NOBODY = np.uint64(0)


@dataclass
class Node:
    """One span: who does what for how long (ms), from when (s) on, and what it calls."""

    service: str
    name: str
    ms: float = 10.0
    calls: tuple["Node", ...] = ()
    error: bool = False
    after_ms: float = 1.0  # from the begin of its parent
    kind: str = ""
    peer: str = ""  # whom it says it calls


@dataclass
class Requests:
    """Requests one after another; `table()` is all of them."""

    ops: dict[Op, int] = field(default_factory=dict)
    rows: list[tuple] = field(default_factory=list)
    traces: int = 0

    def add(self, at: float, root: Node, times: int = 1, every: float = 1.0) -> "Requests":
        """`times` requests of one shape, the first at `at` (unix seconds)."""
        for number in range(times):
            self._span(root, at + number * every, NOBODY)
            self.traces += 1
        return self

    def _span(self, node: Node, start: float, parent: np.uint64) -> None:
        key = np.uint64(len(self.rows) + 1)
        kind_of_work = Op(node.service, node.name, node.peer, node.kind)
        op = self.ops.setdefault(kind_of_work, len(self.ops))
        self.rows.append((op, self.traces, key, parent, start, node.ms, node.error))
        for child in node.calls:
            self._span(child, start + child.after_ms / 1e3, key)

    def table(self) -> SpanTable:
        """All requests so far."""
        op, trace, key, parent, start, ms, error = zip(*self.rows, strict=True)
        return span_table(
            list(self.ops),
            np.array(op, np.int64),
            np.array(trace, np.int64),
            np.array(key, np.uint64),
            np.array(parent, np.uint64),
            start=np.array(start, float),
            ms=np.array(ms, float),
            error=np.array(error, bool),
        )
