"""Numbers, times and sparklines as people read them."""

import math

import pytest

from warroom.agents.reporting.wording import headline, title
from warroom.app.words import bar, seconds, sparkline, squeeze, value


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (0.995, "share", "99.5%"),
        (0.28, "share", "28%"),
        (0.0712, "share", "7.1%"),
        (0.25, "s", "250 ms"),
        (4.64, "s", "4.64 s"),
        (20.3, "1/s", "20.3/s"),
        (64 * 2**20, "bytes", "64 MiB"),
        (12.0, "count", "12"),
        (None, "share", "—"),
        (math.nan, "s", "—"),
    ],
)
def test_values_carry_their_unit(number, unit, text):
    assert value(number, unit) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.42, "0.4 s"), (59.0, "59 s"), (185.0, "3 min 05 s"), (14400.0, "4 h"), (None, "—")],
)
def test_durations(number, text):
    assert seconds(number) == text


def test_a_sparkline_runs_from_zero_to_the_largest_and_leaves_gaps():
    assert sparkline([0, 7, math.nan, 3.5], 4) == "▁█ ▅"
    assert sparkline([0, 0], 4) == "▁▁"
    assert sparkline([math.nan, math.nan], 4) == "  "


def test_more_values_than_columns_are_averaged():
    assert squeeze([1, 3, 5, 7], 2) == [2, 6]
    assert squeeze([1, math.nan, 5, 7], 2) == [1, 6]


def test_a_bar_is_as_full_as_the_share():
    assert bar(0.5, 4) == "██░░"
    assert bar(1.7, 4) == "████"


def test_a_share_of_our_own_rules_is_told_as_people_say_it_and_what_others_wrote_stays():
    for said in ("123.7m", "12.37%"):
        assert headline(f"gateway fails {said} of requests") == "gateway fails 12% of requests"
    told = "catalog holds 1.7 times the requests it can serve at once"
    assert headline("catalog holds 1.667 of the requests it can serve at once") == told
    assert headline("db memory is at 934m") == "db memory is at 93.4%"
    told = "gateway P95 latency is 4.7 s"
    assert headline("gateway P95 latency is 4.695s") == told
    told = "checkout burns its error budget 6.1 times too fast"
    assert headline("checkout burns its error budget 6.06 times too fast") == told
    for text in ("3 of 7 pods fail", "gateway fails 12.4% of orders", "disk: 911m of 2g"):
        assert headline(text) == text


def test_a_document_quotes_a_figure_that_only_its_writer_could_put_in_words():
    assert title("disk: 911m of 2g") == "“disk: 911m of 2g”"
    assert title("gateway fails 123.7m of requests") == "Gateway fails 12% of requests"
    assert title("payments does not answer") == "Payments does not answer"
