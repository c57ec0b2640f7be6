"""Calls as spans show them, beside those that a catalogue declares."""

from dataclasses import replace

from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.model import Service
from warroom.telemetry.sources.source import EVER
from warroom.telemetry.topology import measured_calls
from warroom.tests.support.benches import empty_bench, shop_bench
from warroom.tests.support.bundles import START, BundleWriter


def test_calls_that_spans_show_and_nobody_declared_come_first_and_those_that_none_shows(tmp_path):
    bench = shop_bench(tmp_path / "shop", "errors", "payments")
    known = bench.telemetry.catalogue()
    calls = {(s.name, callee) for s in known.services for callee in s.depends_on}
    agreed = bench.rows("declared_calls")
    assert {(row["caller"], row["callee"]) for row in agreed if row["declared"]} == calls
    assert sum(row["calls"] > 20 for row in agreed) == len(calls)
    assert not any(row["differ"] for row in agreed)

    checkout = known.find("checkout")
    assert checkout
    others = [s for s in known.services if s is not checkout]
    changed = checkout.model_copy(update={"depends_on": ["ledger"]})
    other = known.model_copy(update={"services": [*others, changed, Service(name="ledger")]})
    bench.telemetry = replace(bench.telemetry, known=other)
    differing = {
        (row["caller"], row["callee"]): row
        for row in bench.rows("declared_calls")
        if row["differ"] and row["caller"] == "checkout"
    }
    assert differing["checkout", "payments"]["calls"] > 20
    assert not differing["checkout", "payments"]["declared"]
    ledger = differing["checkout", "ledger"]
    assert (ledger["calls"], ledger["declared"]) == (0, True)
    assert ledger["words"] == "the catalogue says that checkout depends on ledger: no call was seen"
    first = bench.rows("declared_calls")[0]
    assert first["differ"]


def test_nothing_is_said_of_nothing(tmp_path):
    assert empty_bench(tmp_path / "empty").rows("declared_calls") == []


def test_a_callee_that_is_named_by_its_address_in_a_cluster_is_the_service(tmp_path):
    with BundleWriter(tmp_path / "bundle") as bundle:
        bundle.span(START + 1, "cart", "GET /", ("a" * 32, "1" * 16, ""))
        for number, host in enumerate(["cart.shop.svc.cluster.local:80", "bank.example.org"]):
            ids = ("b" * 32, f"{number + 2:016x}", "")
            bundle.span(START + 2, "web", "GET", ids, kind="client", server__address=host)
    calls = measured_calls(read_bundle(tmp_path / "bundle"), EVER)
    assert calls == {("web", "cart"): 1, ("web", "bank.example.org"): 1}
