"""Times as a model writes them."""

from datetime import UTC, datetime

import pytest

from warroom.errors import ToolRetry
from warroom.telemetry.bundle import no_telemetry
from warroom.telemetry.model import Window
from warroom.tests.support.benches import ReadBench
from warroom.tools.base import Frame
from warroom.tools.times import between, moment

ONSET = datetime(2026, 11, 21, 23, 58, 30, tzinfo=UTC).timestamp()
FRAME = Frame(Window(ONSET - 600, ONSET - 30), Window(ONSET - 30, ONSET + 300), onset=ONSET)
NOTHING = no_telemetry().recording
BENCH = ReadBench(NOTHING, FRAME)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("+12.5s", 12.5), ("-90", -90), ("- 5m", -300), ("onset+1h", 3600), ("-2d", -172_800),
        ("23:58:30", 0), ("23:57", -90), ("00:01:00", 150), ("23:58:30.5 UTC", 0.5),
        ("2026-11-21T23:58:40Z", 10), ("2026-11-21 23:58:40", 10), ("2026-11-22T00:58:30+01:00", 0),
        (f"{ONSET + 3:.0f}", 3),
    ],
)  # fmt: skip
def test_every_form_is_the_same_moment(text: str, after: float) -> None:
    assert moment(BENCH, text) == pytest.approx(ONSET + after)


@pytest.mark.parametrize("text", ["yesterday", "25:61", "12", "", "2026-13-40"])
def test_what_is_no_time_is_answered_with_the_forms(text: str) -> None:
    with pytest.raises(ToolRetry, match=r"15:03:00 or \+12.5s .*2026-11-21T23:58:00Z"):
        moment(BENCH, text)


def test_a_window_is_as_usual_where_nothing_is_said_and_never_turned_round() -> None:
    assert between(BENCH, "", "", FRAME.incident) == FRAME.incident
    assert between(BENCH, "-1m", "", FRAME.incident) == Window(ONSET - 60, ONSET + 300)
    with pytest.raises(ToolRetry, match="is not before end"):
        between(BENCH, "+10s", "-10s", FRAME.incident)


def test_until_an_onset_is_read_times_count_from_the_incidents_begin() -> None:
    early = ReadBench(NOTHING, Frame(FRAME.baseline, FRAME.incident))
    assert moment(early, "+30s") == ONSET
