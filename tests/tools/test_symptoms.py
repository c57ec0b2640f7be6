"""What the incident says and did not say before, and every change of the last days."""

from pathlib import Path

import pytest

from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.model import Window
from warroom.tests.support.bundles import BundleWriter, gauge
from warroom.tools.base import REGISTRY, Frame
from warroom.tools.change_feed import LONG_DIFF


class Desk:
    """A bench over one bundle: 400 s of baseline, 100 s of incident."""

    survey = None

    def __init__(self, bundle: BundleWriter) -> None:
        begin = bundle.start
        self.telemetry = read_bundle(bundle.root)
        self.frame = Frame(Window(begin, begin + 400), Window(begin + 400, begin + 500))

    def rows(self, tool: str) -> list[dict]:
        return [row.record() for row in REGISTRY[tool].function(self).rows]


@pytest.fixture
def bundle(tmp_path: Path) -> BundleWriter:
    return BundleWriter(tmp_path / "bundle")


def symptom(rows: list[dict], text: str) -> dict:
    (row,) = [row for row in rows if text in row["text"]]
    return row


def test_a_metric_of_any_name_that_moves_is_a_symptom(bundle: BundleWriter) -> None:
    with bundle:
        gauge(bundle, "hikaricp_pending", "cart", [1.0 + i % 2 for i in range(400)] + [40.0] * 100)
        gauge(bundle, "calm", "cart", [1.0 + i % 2 for i in range(500)])
    (row,) = Desk(bundle).rows("symptoms")
    assert (row["service"], row["source"], row["text"]) == ("cart", "metric", "hikaricp_pending")
    assert row["now"] == 40.0
    assert row["first"] == pytest.approx(bundle.start + 400, abs=2)


def test_a_counter_counts_by_what_it_adds(bundle: BundleWriter) -> None:
    total, values = 0.0, []
    for second in range(500):
        total += 1.0 if second < 400 else 9.0
        values.append(total)
    with bundle:
        gauge(bundle, "jobs_total", "cart", values)
    (row,) = Desk(bundle).rows("symptoms")
    assert (row["before"], row["now"]) == (1.0, 9.0)


def test_a_loud_line_is_told_with_its_attributes(bundle: BundleWriter) -> None:
    with bundle:
        for second in (0, 50, 100, 150, 410, 450):
            bundle.log(bundle.start + second, "cart", "retrying", "warning")
        for second in range(410, 440, 5):
            bundle.log(bundle.start + second, "cart", "boom", "error", stack="pay.go:7")
    row = symptom(Desk(bundle).rows("symptoms"), "boom")
    assert (row["source"], row["strength"], row["before"]) == ("log", 1.0, 0)
    assert "stack=pay.go:7" in row["text"]


def test_figures_of_spans_that_move_are_symptoms(bundle: BundleWriter) -> None:
    with bundle:
        for second, budget in ((10, 5000), (20, 5000), (420, 300), (430, 300)):
            ids = (f"t{second}", "s", "")
            at = bundle.start + second
            bundle.span(at, "cart", "Load", ids, deadline_ms=budget, offset=second)
    (row,) = Desk(bundle).rows("symptoms")
    assert (row["text"], row["before"], row["now"]) == ("deadline_ms of Load", 5000.0, 300.0)


def test_a_calm_system_has_no_symptoms(bundle: BundleWriter) -> None:
    with bundle:
        gauge(bundle, "calm", "cart", [5.0] * 500)
        bundle.log(bundle.start + 10, "cart", "fine")
    assert Desk(bundle).rows("symptoms") == []


def test_history_holds_the_week_and_whole_diffs(bundle: BundleWriter) -> None:
    with bundle:
        bundle.metric(bundle.start, "up", "cart", 1)
        at = bundle.start + 400
        bundle.change(at - 3 * 86_400, "deploy", "cart", "old", diff="+" + "x" * 4000)
        bundle.change(at - 10 * 86_400, "deploy", "cart", "ancient")
        bundle.change(at + 50, "commit", "", "late")
    rows = Desk(bundle).rows("change_history")
    assert [row["id"] for row in rows] == ["late", "old"]
    assert [row["seconds_before"] for row in rows] == [-50.0, 3 * 86_400.0]
    assert len(rows[1]["diff"]) == 4001 <= LONG_DIFF
