"""How far shares of spans lie apart, by hand. Bounds are Wilson's with z = 1.2816."""

import numpy as np
import pytest

from warroom.analysis.requests.pattern_counts import PatternCounts, events_of
from warroom.tests.support.request_trees import Node, Requests

ONSET = 1000.0
APART = 0.9211
"""Between 0 of 40 (at most .0394) and 40 of 40 (at least .9606)."""


def strengths(before: int, now: int, *, loud: bool = False, spans: int = 40, errors=(0, 0)):
    """Of a line that so many of `spans` spans say in each window; the first `errors` fail."""
    requests = Requests()
    for start, ill in zip((0, ONSET), errors, strict=True):
        requests.add(start, Node("cart", "get", error=True), ill)
        requests.add(start + 500, Node("cart", "get"), spans - ill)
    table = requests.table()
    late = table.start >= ONSET
    rows = np.concatenate([np.flatnonzero(~late)[:before], np.flatnonzero(late)[:now]])
    label = np.zeros(rows.size, np.int64)
    events = events_of(table, rows, label, ("line",), np.full(rows.size, loud))
    kind, ill = np.zeros(len(table), np.int64), table.error
    counted = PatternCounts.of(table, events, kind, ~late, late, ill)
    found = dict(zip(counted.event.tolist(), counted.strength(events).tolist(), strict=True))
    name = "logs an error: line" if loud else "logs line"
    return found[events.names.index(name)]


def test_a_new_error_line_counts_in_full_and_a_quiet_one_less():
    assert strengths(0, 40, loud=True) == pytest.approx(APART, abs=1e-3)
    assert strengths(0, 40) == pytest.approx(0.6 * APART, abs=1e-3)


def test_a_line_that_is_gone_counts_and_an_error_that_is_gone_does_not():
    assert strengths(40, 0) == pytest.approx(APART, abs=1e-3)
    assert strengths(40, 0, loud=True) == 0


def test_what_was_there_before_and_comes_more_often_counts_half():
    # .75 of 40: at least .6536; .25 of 40: at most .3464; half of it; 10 of 30 odd ones are old
    assert strengths(10, 30, loud=True) == pytest.approx(0.5 * 0.3071 * (1 - 10 / 30), abs=1e-3)


def test_the_same_share_and_too_few_spans_count_nothing():
    assert strengths(20, 20) == 0
    assert strengths(0, 2, loud=True, spans=2) == 0
    assert strengths(0, 3, loud=True, spans=3) > 0


def test_a_line_of_success_is_not_new_where_nothing_had_succeeded():
    """Of 40 healthy spans 38 failed: the two that did not are too few to miss the line in."""
    assert strengths(0, 40, errors=(38, 0)) == 0
    assert strengths(0, 40, errors=(0, 0)) > 0.5


def test_odd_rows_show_what_appeared_or_lack_what_went():
    table = Requests().add(0, Node("cart", "get"), 10).add(ONSET, Node("cart", "get"), 10).table()
    late = table.start >= ONSET
    rows = np.array([*range(10), 10, 11])  # all of before, two of now
    label = np.zeros(12, np.int64)
    events = events_of(table, rows, label, ("line",), np.zeros(12, bool))
    kind, calm = np.zeros(20, np.int64), np.zeros(20, bool)
    gone = PatternCounts.of(table, events, kind, ~late, late, calm)
    pair = int(np.flatnonzero(gone.event == events.names.index("logs line"))[0])
    assert not gone.rises(pair)
    assert gone.odd_rows(pair, kind, late).tolist() == list(range(12, 20))
    new = PatternCounts.of(table, events, kind, late, ~late, calm)  # the other way round
    assert new.rises(pair)
    assert new.odd_rows(pair, kind, ~late).tolist() == list(range(10))


def test_fewer_requests_make_what_is_left_no_odder():
    """Half of the requests come now: 10 odd spans of 20 are no more per request than of 40."""
    requests = Requests().add(0, Node("cart", "get"), 40).add(ONSET, Node("cart", "get"), 20)
    table = requests.table()
    late = table.start >= ONSET
    rows = np.array([*range(10), *range(40, 50)])
    label = np.zeros(20, np.int64)
    events = events_of(table, rows, label, ("line",), np.ones(20, bool))
    kind, calm = np.zeros(60, np.int64), np.zeros(60, bool)
    counted = PatternCounts.of(table, events, kind, ~late, late, calm)
    pair = int(np.flatnonzero(counted.event == events.names.index("logs an error: line"))[0])
    # 10 of 40, then 10 of 20: twice as many requests before, so 1 - 10 / (10 * 2)
    assert counted.grown[pair] == pytest.approx(0.5)
