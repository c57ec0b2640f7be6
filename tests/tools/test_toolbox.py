"""The toolbox: every call is evidence, whatever comes of it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from warroom.errors import ApprovalRequired, ToolFailed, ToolRetry
from warroom.incident.evidence import Evidence, EvidenceStatus, digest
from warroom.tests.support.benches import ReadBench, empty_bench
from warroom.tools import toolbox
from warroom.tools.base import MAX_ROWS, REGISTRY, Bench, Effect, Row, Table, tool
from warroom.tools.toolbox import Toolbox, within


@dataclass(frozen=True, slots=True)
class Probe(Row):
    """What the tools of this test answer with."""

    row: int


@pytest.fixture
def probe() -> Iterator[None]:
    """Tools for this test only: one that does as it is told, one that writes."""

    @tool(Effect.read)
    def probe_read(bench: Bench, rows: int = 1, error: str = "") -> Table[Probe]:
        """Answer with so many rows, or fail."""
        if error == "retry":
            raise ToolRetry("name a service; known are a, b")
        if error == "failed":
            raise ToolFailed("the source is gone")
        return Table([Probe(number) for number in range(rows)], f"{rows} rows")

    @tool(Effect.write)
    def probe_write(bench: Bench) -> Table[Probe]:
        """Act."""
        raise AssertionError("a toolbox never gets here")

    yield
    del REGISTRY["probe_read"], REGISTRY["probe_write"]


class Shelf:
    """Keeps evidence in memory, numbered as the store does."""

    def __init__(self) -> None:
        self.kept: list[tuple[Evidence, Any]] = []

    def record(self, evidence: Evidence, payload: Any) -> Evidence:
        changes = {"id": f"E{len(self.kept) + 1}", "digest": digest(payload)}
        self.kept.append((evidence.model_copy(update=changes), payload))
        return self.kept[-1][0]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def box(tmp_path: Path, shelf: Shelf, probe: None) -> Toolbox:
    bench: ReadBench = empty_bench(tmp_path / "bundle")
    return Toolbox(bench, "tester", shelf.record)


@pytest.mark.parametrize(
    ("arguments", "status", "summary"),
    [
        ({"rows": 2}, EvidenceStatus.ok, "2 rows"),
        ({"rows": 0}, EvidenceStatus.empty, "0 rows"),
        ({"error": "failed"}, EvidenceStatus.failed, "the source is gone"),
        ({"error": "retry"}, EvidenceStatus.failed, "known are a, b"),
        ({"rows": "many"}, EvidenceStatus.failed, "probe_read: rows"),
        ({"colour": "red"}, EvidenceStatus.failed, "colour"),
    ],
)
def test_every_outcome_is_recorded(
    box: Toolbox, shelf: Shelf, arguments: dict, status: EvidenceStatus, summary: str
) -> None:
    result = box.by_name("probe_read", arguments)
    record, payload = shelf.kept[-1]
    assert (result.evidence, record.id) == ("E1", "E1")
    assert result.status is record.status is status
    assert summary in record.summary
    assert record.query == arguments
    assert record.collected_by == "tester"
    assert payload == {"rows": result.records(), "summary": record.summary}


def test_a_quote_points_at_the_row_it_was_taken_from(box: Toolbox) -> None:
    result = box.by_name("probe_read", {"rows": 3})
    quote = result.cite(result.rows[2], "row")
    assert (quote.evidence, quote.pointer, quote.value) == ("E1", "/rows/2/row", 2)


def test_the_same_question_is_asked_once_and_a_failed_one_again(box: Toolbox, shelf: Shelf) -> None:
    assert box.by_name("probe_read", {"rows": 2}) is box.by_name("probe_read", {"rows": 2})
    box.by_name("probe_read", {"error": "failed"})
    box.by_name("probe_read", {"error": "failed"})
    assert len(shelf.kept) == 3


def test_what_is_too_much_is_counted_not_cut_in_silence(box: Toolbox, shelf: Shelf) -> None:
    result = box.by_name("probe_read", {"rows": MAX_ROWS + 50})
    assert len(result.rows) == MAX_ROWS
    assert f"of {MAX_ROWS + 50} rows kept" in shelf.kept[-1][0].summary


def test_a_tool_that_writes_is_not_called_from_here(box: Toolbox, shelf: Shelf) -> None:
    with pytest.raises(ApprovalRequired, match="propose it as a plan"):
        box.by_name("probe_write", {})
    assert shelf.kept == []


def test_a_call_that_takes_too_long_is_given_up_recorded_and_ends(
    box: Toolbox, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, ended = threading.Event(), threading.Event()

    @tool(Effect.read)
    def probe_slow(bench: Bench) -> Table[Probe]:
        """Read on and on."""
        try:
            while True:
                assert bench.telemetry is not None
                waiting.wait(0.01)
        finally:
            ended.set()

    monkeypatch.setattr(toolbox, "LIMIT_S", 0.05)
    try:
        assert box.by_name("probe_slow", {}).status is EvidenceStatus.failed
        assert "gave up after 0.05 s" in shelf.kept[-1][0].summary
        assert ended.wait(60), "its thread reads no further"
    finally:
        del REGISTRY["probe_slow"]


def test_an_error_in_time_is_the_callers_error() -> None:
    with pytest.raises(ZeroDivisionError):
        within(1, lambda _late: 1 / 0)
