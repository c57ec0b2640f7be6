"""Spans as columns: links, own time, loops."""

import numpy as np
import pytest

from warroom.analysis.requests.tables import NONE, Op, rows_of, span_table
from warroom.tests.support.request_trees import Node, Requests


def made(key, parent, start, ms):
    ones = np.zeros(len(key), np.int64)
    return span_table(
        [Op("a", "x")],
        ones,
        ones,
        np.array(key, np.uint64),
        np.array(parent, np.uint64),
        start=np.array(start, float),
        ms=np.array(ms, float),
        error=np.zeros(len(key), bool),
    )


def test_children_are_linked_to_their_parents_whatever_the_order():
    table = made([3, 1, 2], [1, 0, 1], [0.2, 0.0, 0.1], [1, 10, 1])
    assert table.key.tolist() == [1, 2, 3]
    assert table.parent.tolist() == [NONE, 0, 0]
    assert table.depth.tolist() == [0, 1, 1]
    assert rows_of(np.array([2, 9], np.uint64), table.key).tolist() == [1, NONE]


def test_of_spans_with_one_key_the_last_is_kept():
    table = made([1, 1], [0, 0], [5.0, 6.0], [7, 8])
    assert table.ms.tolist() == [8]


def test_own_time_takes_the_union_of_overlapping_children_away():
    # 100 ms; children at 10-40 and 30-60 cover 50; one that outlives its parent covers 90-100.
    table = made([1, 2, 3, 4], [0, 1, 1, 1], [0, 0.010, 0.030, 0.090], [100, 30, 30, 500])
    assert table.exclusive_ms == pytest.approx([40, 30, 30, 500])


def test_a_child_that_begins_before_its_parent_is_clipped():
    table = made([1, 2], [0, 1], [10.0, 9.0], [100, 1050])  # a second early: skew
    assert table.exclusive_ms[table.key.tolist().index(1)] == pytest.approx(50)


def test_own_time_of_many_families_at_once():
    shop = Node("web", "page", 100, (Node("cart", "get", 30), Node("ads", "pick", 20, after_ms=40)))
    table = Requests().add(0, shop, times=500, every=0.01).table()
    roots = table.parent == NONE
    assert table.exclusive_ms[roots] == pytest.approx(50)


def test_a_loop_is_cut():
    table = made([1, 2, 3], [2, 1, 2], [0, 1, 2], [1, 1, 1])
    assert (table.parent == NONE).sum() == 1
    assert table.depth.max() == 2


def test_chosen_rows_keep_their_links():
    table = Requests().add(0, Node("a", "x", 9, (Node("b", "y", 5, (Node("c", "z"),)),))).table()
    part = table.chosen(np.array([False, True, True]))
    assert part.parent.tolist() == [NONE, 0]
    assert [part.ops[op].service for op in part.op] == ["b", "c"]


def test_nothing_is_a_table_too():
    table = made([], [], [], [])
    assert len(table) == 0
    assert table.exclusive_ms.size == table.depth.size == 0


def test_a_chain_of_thousands_of_spans_is_linked_in_no_time():
    many = 5_000
    table = made(range(1, many + 1), range(many), range(many), [1] * many)
    assert table.depth.max() == many - 1
