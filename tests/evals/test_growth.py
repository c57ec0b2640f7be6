"""The growth benchmark: made-up incidents of a size, children within a limit, and the table."""

import json

import pytest
from typer import Typer
from typer.testing import CliRunner

from warroom.analysis.templates import mine
from warroom.errors import WarroomError
from warroom.evals.studies.growth import RUN, Grown, child, growth, measured, sizes, table
from warroom.evals.studies.growth_bundle import path, write
from warroom.evals.studies.growth_run import mining
from warroom.evals.studies.growth_telemetry import ONSET, START, Size
from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.model import Window

pytestmark = pytest.mark.thorough

SMALL = Size(10, 1000, 1000)
HEALTHY, ILL = Window(START, ONSET), Window(ONSET, START + 3600)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write(tmp_path_factory.mktemp("growth"), SMALL)


@pytest.fixture(scope="module")
def bundle(root):
    return read_bundle(root)


def test_paths_from_the_edge():
    assert (path(0), path(5), path(124)) == ([0], [0, 1, 5], [0, 1, 7, 30, 124])


def test_sizes_grow_tenfold():
    assert sizes(100_000) == [
        *(Size(10, n, n) for n in (1_000, 10_000)),
        Size(100, 100_000, 100_000),
    ]
    assert sizes(1_000_000)[-1] == Size(1000, 1_000_000, 1_000_000)


def test_the_bundle_has_the_size_that_was_asked_for(bundle):
    rows = {found.modality: found.rows for found in bundle.coverage()}
    assert (rows["metrics"], rows["logs"]) == (SMALL.samples, 1000) == (48_000, 1000)
    assert rows["traces"] == pytest.approx(1000, rel=0.1)
    assert not [found.problem for found in bundle.coverage() if found.rows and found.problem]


def test_one_service_fails_and_its_callers_with_it(bundle):
    spans = {window: bundle.spans(window) for window in (HEALTHY, ILL)}
    assert SMALL.guilty == "service-0005"
    assert not [span for span in spans[HEALTHY] if span.status == "error"]
    failed = {span.service for span in spans[ILL] if span.status == "error"}
    assert failed == {"service-0000", "service-0001", "service-0005"}
    ids = {(span.trace_id, span.span_id) for window in spans for span in spans[window]}
    parents = [span for span in spans[ILL] if span.parent_id]
    assert parents and all((span.trace_id, span.parent_id) in ids for span in parents)
    errors = bundle.logs(Window(START, START + 3600), levels=["error"])
    assert errors and {log.service for log in errors} == {SMALL.guilty}
    assert min(log.ts for log in errors) >= ONSET


def test_counters_only_grow(bundle):
    for series in bundle.metrics(Window(START, START + 3700), ["http_requests_total"]):
        assert (series.values[1:] >= series.values[:-1]).all()


def test_lines_are_mined_into_their_shapes(root, bundle):
    found = mining(root)
    assert found["lines_s"] > 0
    logs = bundle.logs(Window(START, START + 3600))
    assert found["templates"] == len(mine([log.message for log in logs]).templates) < 30


def test_the_floor_finds_the_fault_in_a_child():
    found = measured(SMALL, 200)
    assert found.found and found.answer == "service-0005"
    assert found.peak_mb > 50 and found.lines_s


def test_a_child_over_its_limit_is_stopped_and_said_to_be(root):
    found = child(RUN, [str(root), "respond"], 0.2)
    assert found.found is None
    assert found.seconds < 10
    stopped = Grown(SMALL, found.peak_mb, stopped_after_s=found.seconds)
    (row,) = table([stopped]).rows
    assert row[4:] == ["·", "stopped after 0", f"{found.peak_mb:,.0f}", "stopped", "stopped"]
    assert not stopped.found


def test_a_child_that_fails_says_why(tmp_path):
    with pytest.raises(WarroomError, match=r"alert|bundle"):
        child(RUN, [str(tmp_path / "gone"), "respond"], 60)


def test_a_slow_or_wrong_size_is_marked():
    large = Size(100, 100_000, 100_000)
    (row,) = table([Grown(large, 1.0, 1.0, 2.0, "service-0001", 1_000.0)]).rows
    assert row[-2:] == ["NO: service-0001", "1,000 MISSED"]
    assert Grown(SMALL, 1.0, 1.0, 2.0, "service-0005", 1_000.0).fast  # too few lines to tell


def test_the_command():
    app = Typer()
    app.command()(growth)
    said = CliRunner().invoke(app, ["--largest", "1000", "--json"])
    assert said.exit_code == 0, said.output
    (found,) = json.loads(said.stdout)
    assert found["found"] is True and found["size"]["services"] == 10
