"""Tools over a sample of the traces claim nothing that all of them would refute."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from warroom.telemetry.bundle import read_bundle, save
from warroom.tests.support.benches import ReadBench, bench_over
from warroom.tests.support.bundles import START, BundleWriter, counter
from warroom.tests.support.sampled_traces import sampled
from warroom.tests.support.shop_bundle import Fault, write_shop
from warroom.tools.base import REGISTRY

KINDS = ["none", "errors", "slow", "hang", "surge"]
RISEN = 0.05
"""A share that rose by so much is claimed to have risen."""


@dataclass
class Both:
    """The same incident with all of its traces, and with a sample."""

    kind: str
    whole: ReadBench
    part: ReadBench

    def named(self, tool: str, *fields: str) -> tuple[set, set]:
        """What the rows of a tool name, over all of them and over the sample."""
        benches = self.whole, self.part
        found = [[tuple(row[f] for f in fields) for row in b.rows(tool)] for b in benches]
        return set(found[0]), set(found[1])


@pytest.fixture(scope="module", params=[pytest.param(k, marks=pytest.mark.thorough) for k in KINDS])
def both(request, tmp_path_factory) -> Both:
    service = "" if request.param in ("none", "surge") else "inventory"
    fault = Fault(request.param, service, at=60, share=0.4)
    root = write_shop(tmp_path_factory.mktemp(request.param), fault)
    whole = bench_over(root)
    part = sampled(root, START, START + 91).recording
    assert part.sampled == {"traces"}
    return Both(request.param, whole, ReadBench(part, whole.frame))


def test_requests_at_the_edge_are_counted_by_metrics(both: Both):
    for name in ("traffic", "traffic_impact"):
        (whole, *_), (part, *_) = (bench.rows(name) for bench in (both.whole, both.part))
        for field in ("rate", "rate_before", "requests", "requests_before", "failed"):
            if field in whole:
                known = whole[field]
                assert part[field] == pytest.approx(known, rel=0.1, abs=12), (name, field)
    assert both.part.rows("traffic_impact")[0]["clients"] is None


def test_no_failure_is_new_that_was_there_before(both: Both):
    whole, part = both.named("new_failures", "service", "way", "callee")
    assert part <= whole
    if both.kind in ("errors", "hang"):
        assert part, "the sample shows what fails now"


def test_no_way_of_requests_is_called_new_or_gone(both: Both):
    assert {change for (change,) in both.named("changed_paths", "change")[1]} <= {"more", "less"}
    fields = "operation", "under", "event"
    whole, part = both.named("changed_paths", *fields)
    assert part <= whole


def test_no_lines_stop_or_flood_that_do_not(both: Both):
    whole, part = both.named("stepped_gauges", "service", "metric", "step")
    assert part <= whole


def test_no_route_or_objective_is_worse_than_it_is(both: Both):
    whole, part = both.named("route_outcomes", "service", "route", "change")
    assert part <= whole
    fields = "service", "name", "breached"
    assert both.named("slo_state", *fields)[1] == both.named("slo_state", *fields)[0]


def test_calls_fail_as_often_as_they_do(both: Both):
    benches = both.whole, both.part
    whole, part = ({(r["caller"], r["callee"]): r for r in b.rows("call_edges")} for b in benches)
    assert part and part.keys() <= whole.keys()
    for edge, row in part.items():
        if row["error_rise"] > RISEN and row["requests"] >= 20:
            assert whole[edge]["error_rise"] > 0, edge


def test_every_evidence_that_rests_on_a_sample_says_so(both: Both):
    resting = [name for name, tool in REGISTRY.items() if "traces" in (*tool.counts, *tool.shares)]
    assert len(resting) > 5
    for name in resting:
        if not REGISTRY[name].arguments.model_json_schema().get("required"):
            assert "sample of traces" in both.part.call(name).summary, name
            assert "sample of traces" not in both.whole.call(name).summary, name


def test_examples_are_taken_from_all_that_there_is(both: Both):
    if both.kind == "errors":
        assert both.part.rows("example_trace", kind="failing")
    rows = {row["modality"]: row["problem"] for row in both.part.rows("coverage")}
    assert "a sample" in rows["traces"]
    summary = both.part.call("query_telemetry", sql="SELECT count(*) AS n FROM traces").summary
    assert "of a sample of traces that totals nothing" in summary


def test_a_saved_sample_is_read_as_one(both: Both, tmp_path):
    kept = ReadBench(read_bundle(save(both.part.telemetry, tmp_path / "kept")), both.part.frame)
    assert kept.rows("traffic") == both.part.rows("traffic")
    assert kept.rows("new_failures") == both.part.rows("new_failures")


def surging(root: Path, seen: bool) -> ReadBench:
    """An edge whose customers are fifteen times as many in the incident: each request leaves a log
    line, and each 120th fails, as it always did. seen: with all traces."""
    edge = {"services": [{"name": "web", "kind": "edge"}]}
    rates = [4] * 60 + [60] * 60
    with BundleWriter(root, edge) as bundle:
        number = 0
        for second, rate in enumerate(rates):
            for part in range(rate):
                at, number = bundle.start + second + part / rate, number + 1
                ids, error = (f"{number:032x}", f"{number:016x}", ""), "Odd: it is"
                bundle.span(at, "web", "GET /", ids, error="" if number % 120 else error)
                bundle.log(at, "web", f"answered {number}")
        counter(bundle, "http_requests_total", "web", rates, route="/", code="200")
    whole = bench_over(root, incident=60)
    if seen:
        return whole
    return ReadBench(sampled(root, START, START + 121).recording, whole.frame)


@pytest.mark.parametrize("seen", [True, False])
def test_a_surge_is_no_flood_of_lines_and_its_failures_are_not_new(tmp_path, seen):
    bench = surging(tmp_path, seen)
    assert bench.rows("stepped_gauges") == []
    assert bench.rows("new_failures") == []
    assert bench.rows("traffic")[0]["ratio"] == pytest.approx(15, rel=0.1)


BOT, BOT_RATE, USUAL = "10.9.9.9", 30, 20


def scraped(root: Path) -> Path:
    """An edge with forty customers; in the second minute one client searches far more than all of
    them, and the logs of a service behind it flood, while another's stop."""
    edge = {"services": [{"name": "web", "kind": "edge"}, {"name": "cart"}, {"name": "stock"}]}
    with BundleWriter(root, edge) as bundle:
        for second in range(120):
            clients = [f"10.0.0.{(second * USUAL + n) % 40}" for n in range(USUAL)]
            clients += [BOT] * (BOT_RATE if second >= 60 else 0)
            for n, client in enumerate(clients):
                at, code = bundle.start + second + n / len(clients), 404 if n == 0 else 200
                asked = "/search" if client == BOT else f"/p/{{id{n % 3}}}"
                facts = {"client__address": client, "http__response__status_code": code}
                facts |= {"http__request__method": "GET", "http__route": asked}
                trace = f"{second * 100 + n:032x}"
                bundle.span(
                    at, "web", f"GET {asked}", (trace, f"{second * 100 + n:016x}", ""), **facts
                )
            for service in ("cart", "stock") if second < 60 else ("cart",) * 60:
                bundle.log(bundle.start + second + 0.5, service, "did it")
        routes = [("/search", [0] * 60 + [BOT_RATE] * 60, "200"), ("/p/{id0}", [1] * 120, "404")]
        routes += [(f"/p/{{id{n}}}", [6 + (n == 1)] * 120, "200") for n in range(3)]
        for route, rates, code in routes:
            counter(
                bundle, "http_requests_total", "web", rates, method="GET", route=route, code=code
            )
        for service in ("cart", "stock"):
            counter(bundle, "http_requests_total", service, [9] * 120, route="/", code="200")
    return root


def test_who_sends_the_requests_is_told_by_those_that_are_here(tmp_path):
    whole = bench_over(scraped(tmp_path), incident=60)
    part = ReadBench(sampled(tmp_path, START, START + 121).recording, whole.frame)
    assert part.telemetry.sampled == {"traces"}
    assert (
        len(part.telemetry.spans(part.frame.whole))
        < 2000
        < len(whole.telemetry.spans(whole.frame.whole))
    )
    every, *_ = rows = part.rows("traffic", by="source")
    [bot] = [row for row in rows if row["value"] == BOT]
    assert every["rate"] == pytest.approx(BOT_RATE + USUAL, rel=0.05)
    assert bot["rate"] == pytest.approx(BOT_RATE, rel=0.05)
    assert bot["rate_before"] == 0
    assert bot["score"] > 6
    others = [row for row in rows if row["value"] not in ("*", BOT)]
    assert max(row["score"] for row in others) < 6, "customers come as they did"
    [asked] = [row for row in part.rows("access_patterns", by="source") if row["value"] == BOT]
    assert asked["requests"] == pytest.approx(60 * BOT_RATE, rel=0.05)
    known = {row["route"]: row for row in whole.rows("traffic_impact")}
    for row in part.rows("traffic_impact"):
        same = known[row["route"].removeprefix("GET ")]
        assert row["requests"] == pytest.approx(same["requests"], rel=0.05, abs=8)


def test_lines_that_stop_and_flood_are_seen_beside_what_metrics_count(tmp_path):
    whole = bench_over(scraped(tmp_path), incident=60)
    part = ReadBench(sampled(tmp_path, START, START + 121).recording, whole.frame)
    steps = {row["service"]: row["step"] for row in part.rows("stepped_gauges")}
    assert steps == {"cart": "flood", "stock": "silent"}


def test_of_a_sample_that_nobody_counts_nobody_is_named(tmp_path):
    root = scraped(tmp_path)
    (root / "metrics" / "scrape.jsonl").unlink()
    frame = bench_over(root, incident=60).frame
    part = ReadBench(sampled(root, START, START + 121).recording, frame)
    assert part.rows("traffic", by="source") == []
