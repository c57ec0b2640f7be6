"""What becomes of rows that are a sample: estimates without bias, and no row that is missed."""

import json
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.analysis.template_shift import LogLine, compare_templates
from warroom.errors import BundleError
from warroom.telemetry.bundle import read_bundle, save
from warroom.telemetry.model import Window
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.recording import Recording
from warroom.telemetry.signal_catalogue import SignalName
from warroom.telemetry.signals import read_signals
from warroom.telemetry.sources.logs import Sample
from warroom.telemetry.sources.source import EVER, Batch, SourceQuery
from warroom.tests.support.bundles import START, BundleWriter
from warroom.tests.support.sampled_traces import sampled
from warroom.tests.support.shop_bundle import NO_FAULT, write_shop


@dataclass
class Handing:
    """A backend that hands out one batch after the other."""

    batches: list[Batch]
    modality: str = "traces"
    name: str = "backend"
    whole: bool = False
    asked: list[SourceQuery] = field(default_factory=list)

    def read(self, ask: SourceQuery) -> Batch:
        self.asked.append(ask)
        return self.batches.pop(0) if self.batches else Batch()


def batch(*rows: dict, sampled: bool = True) -> Batch:
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    return Batch(lines, sampled=sampled)


def span(number: int, **facts) -> dict:
    ids = {"trace_id": f"{number:032x}", "span_id": f"{number:016x}"}
    return ids | {"service": "cart", "name": "work", "start": START, "duration_ms": 1.0} | facts


def recorded(*batches: Batch, modality: str = "traces") -> Recording:
    """What there is after each batch was asked for."""
    recorder = Recorder([Handing(list(batches), modality)], clock=lambda: START + 600)
    recorder.focus("", START)
    for _ in batches:
        recorder.advance()
    return recorder.recording


def test_who_counts_sees_nothing_of_a_sample_and_who_compares_shares_nothing_sought_out():
    every = recorded(batch(span(1), span(2, weight=0.0)))
    shares, counts = every.needing(shares=["traces"]), every.needing(counts=["traces"])
    for read in (
        lambda view: len(view.spans(EVER)),
        lambda view: len(view.span_table(EVER)),
        lambda view: len(view.span_table(EVER, linked=False)),
    ):
        assert [read(view) for view in (every, shares, counts)] == [2, 1, 0]
    assert every.needing(counts=["logs"]) is every
    assert (counts.every, shares.needing(counts=["traces"]).held["traces"]) == (every, 0)


def test_what_is_whole_is_the_same_for_everybody():
    every = recorded(batch(span(1), sampled=False))
    assert every.needing(counts=["traces", "logs"], shares=["traces"]) is every


def test_what_was_a_sample_once_stays_one():
    assert recorded(batch(span(1)), batch(span(2), sampled=False)).sampled == {"traces"}


def test_a_row_that_was_chosen_for_two_reasons_is_recorded_once():
    first, again = batch(span(1), span(2, weight=0.0)), batch(span(1, weight=0.0), span(2))
    assert recorded(first, again).held["traces"] == 2
    line = {"ts": START + 590, "service": "cart", "message": 'a ", "weight": 3}'}
    lines = [batch(line, line), batch({**line, "weight": 4.0}, {**line, "weight": 4.0}, line)]
    assert recorded(*lines, modality="logs").held["logs"] == 3  # one came that was not there


def test_a_bundle_of_a_sample_says_that_it_is_one(tmp_path):
    recording = recorded(batch(span(1), span(2, weight=0.0)))
    kept = read_bundle(save(recording, tmp_path / "kept"))
    assert kept.sampled == {"traces"}
    problems = {one.modality: one.problem for one in kept.coverage()}
    assert problems["traces"] == "only a sample of what there was is here"
    assert list(kept.lines("traces", EVER)) == list(recording.lines("traces", EVER))
    assert len(kept.needing(shares=["traces"]).spans(EVER)) == 1
    whole = recorded(batch(span(1), sampled=False))
    assert "sampled" not in (save(whole, tmp_path / "whole") / "bundle.json").read_text()


@pytest.mark.parametrize("said", ["traces", ["spans"], [["traces"]], 1])
def test_a_bundle_that_says_it_wrongly_is_refused(tmp_path, said):
    BundleWriter(tmp_path).document("bundle.json", {"format": "warroom-bundle/1", "sampled": said})
    with pytest.raises(BundleError, match="sampled is"):
        read_bundle(tmp_path)


@pytest.mark.parametrize("weight", [-1, 1e300])
def test_a_weight_beyond_reason_is_no_record(weight):
    assert recorded(batch(span(1, weight=weight), span(2))).held["traces"] == 1


def test_a_query_does_not_see_weights():
    (row,) = recorded(batch(span(1, weight=0.0))).query("SELECT * FROM traces", 5).rows
    assert "weight" not in row


PHASES = 20


@given(
    st.lists(st.floats(100, 200), max_size=50),
    st.sampled_from([0.1, 0.25, 0.5, 0.9]),
)
def test_the_estimate_of_a_count_over_samples_has_no_bias(times: list[float], share: float):
    sample = Sample(every_s=10.0, share=share, count=0, over_s=0.0)
    parts = list(sample.parts(Window(90, 220)))
    at = np.array(times)
    estimates = []
    for phase in np.arange(PHASES) * sample.every_s / PHASES:
        inside = [(at + phase >= part.start) & (at + phase < part.end) for part in parts]
        estimates.append(np.sum(inside) / share)
    off = len(times) / (share * PHASES)  # rounding may put a line on the other side of an edge
    assert np.mean(estimates) == pytest.approx(len(times), abs=off + 1e-9)


def lines(text: str, count: int, weight: float = 1.0) -> list[LogLine]:
    return [LogLine("cart", "info", text, weight)] * count


def test_templates_of_a_sample_are_compared_by_estimates():
    (shift,) = compare_templates(lines("it went", 40, 10), lines("it went", 400, 10), 60, 60)
    assert (shift.kind, shift.before, shift.after) == ("surging", 400, 4000)
    assert shift.ratio == pytest.approx(10)
    # All were read before, a tenth now: nothing has changed.
    assert compare_templates(lines("it went", 400), lines("it went", 40, 10), 60, 60) == []


def test_what_a_sample_lacks_is_neither_new_nor_gone():
    usual = lines("it went", 50, 10)
    odd = lines("it broke", 1, 10)
    assert compare_templates(usual, usual + odd, 60, 60) == []
    assert compare_templates(usual + odd * 20, usual, 60, 60) == []
    (shift,) = compare_templates(usual, usual + odd * 20, 60, 60)
    assert (shift.kind, shift.after) == ("surging", 200)
    (shift,) = compare_templates(lines("it went", 50), [*lines("it went", 50), *odd[:1]], 60, 60)
    assert shift.kind == "new"


def test_shares_of_a_sample_of_traces_are_those_of_the_whole(tmp_path):
    root = write_shop(tmp_path, NO_FAULT)
    whole, part = read_bundle(root), sampled(root, START, START + 91).recording
    assert 50 < len(part.spans(EVER)) < len(whole.spans(EVER)) / 2

    def failing(view: Recording) -> float:
        table = view.span_table(EVER, linked=False)
        return float(np.mean(table.error[table.entry]))

    assert failing(part.needing(shares=["traces"])) == pytest.approx(failing(whole), abs=0.02)
    assert failing(part) >= failing(part.needing(shares=["traces"]))


def test_a_sample_of_traces_tells_no_rates(tmp_path):
    rows = [span(n, kind="server", start=START + n) for n in range(60)]
    window = Window(START, START + 60)
    names = {one.name for one in read_signals(recorded(batch(*rows)), window, ["cart"])}
    whole = read_signals(recorded(batch(*rows, sampled=False)), window, ["cart"])
    assert {one.name for one in whole} - names == {SignalName.request_rate}
