"""Who is at the other end of an operation that calls."""

from collections import Counter, defaultdict

import numpy as np

from .span_table import SpanTable

NEARLY_ALL = 0.9
"""Share of an operation's answers that must come from one service."""


def far_ends(table: SpanTable) -> dict[int, str]:
    """Operation number -> the service that its calls go to, for those that call one service only.

    The service that answers counts more than the name by which the caller calls it.
    """
    ends = {number: op.peer for number, op in enumerate(table.ops) if op.peer}
    child = table.crossings
    answers: dict[int, Counter[int]] = defaultdict(Counter)
    pairs = table.op[table.parent[child]] * len(table.services) + table.service[child]
    for pair, count in zip(*np.unique(pairs, return_counts=True), strict=True):
        op, service = divmod(int(pair), len(table.services))
        answers[op][service] += int(count)
    for op, services in answers.items():
        (service, most), *_ = services.most_common(1)
        if most >= NEARLY_ALL * services.total():
            ends[op] = table.services[service]
    return {op: name for op, name in ends.items() if name != table.ops[op].service}
