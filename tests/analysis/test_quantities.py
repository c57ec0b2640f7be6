"""Values in words: the digits that matter, a unit, and never an exponent."""

import math

import pytest

from warroom.analysis.quantities import change, part_of, percent, quantity, times, unit_of


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0%"),
        (0.0012, "0.12%"),
        (0.000001, "under 0.01%"),
        (0.0972, "9.7%"),
        (0.3421, "34%"),
        (0.995, "99.5%"),
        (0.99999, "over 99.99%"),
        (1, "100%"),
        (7, "7 times its limit"),
        (None, "—"),
    ],
)
def test_shares_carry_the_digits_that_tell_them_from_nothing_and_all(share, text):
    assert percent(share) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0504, "s", "50 ms"),
        (0.303, "s", "303 ms"),
        (4.64, "s", "4.64 s"),
        (0, "s", "0 s"),
        (59_730_000, "bytes", "57 MiB"),
        (512, "bytes", "512 bytes"),
        (20.34, "1/s", "20.3/s"),
        (12.0, "count", "12"),
        (1.2e9, "", "1,200,000,000"),
        (3e-9, "", "almost 0"),
        (122.4, "ms", "122 ms"),
        (math.nan, "s", "—"),
    ],
)
def test_values_carry_their_unit(value, unit, text):
    assert quantity(value, unit) == text


def test_a_level_that_was_not_measured_is_not_made_up():
    assert change(None, 0.667, "share") == "is 67%; its usual level was not measured"
    assert change(0.01, None, "share") == "was 1% and is no longer measured"
    assert change(0.122, 0.303, "s") == "rose from 122 ms to 303 ms"
    assert change(4, 4.0001) == "stays at 4"


def test_more_than_all_is_said_in_times():
    assert (part_of(0.93), part_of(7)) == ("93% of", "7 times")
    assert (times(3290), times(1.26)) == ("over 1,000 times", "1.3 times")


@pytest.mark.parametrize("exponent", range(-12, 16))
def test_no_size_is_written_as_an_exponent(exponent):
    for unit in ("", "s", "ms", "1/s", "bytes", "share"):
        assert "e" not in quantity(1.234 * 10.0**exponent, unit).replace("almost", "").replace(
            "times", ""
        ).replace("over", "").replace("under", "").replace("bytes", "")


def test_names_of_metrics_tell_their_unit():
    names = ("memory_bytes", "http_request_duration_seconds", "cpu_share", "error_rate", "restarts")
    assert [unit_of(name) for name in names] == ["bytes", "s", "share", "share", ""]
