"""A bundle that is shown to others: nobody is named, and it tells the same."""

import json
from pathlib import Path

from warroom.app.anonymising import Names, anonymise
from warroom.cluster.ranking import troubles
from warroom.telemetry.bundle import read_bundle, save
from warroom.telemetry.cluster_state import cluster_of
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.sample_bundle import write_sample
from warroom.telemetry.sources.clusters import dumps
from warroom.tests.support.clusters import dump, made, node, pending, workload


def everything(bundle: Path) -> str:
    return "\n".join(file.read_text() for file in sorted(bundle.rglob("*.json*")))


def test_no_name_is_left_and_nothing_else_changes(tmp_path):
    plain, bundle = write_sample(tmp_path / "plain"), write_sample(tmp_path / "bundle")
    row = {"ts": 1_763_711_300.0, "service": "payments", "level": "error"}
    row |= {"message": "Payments_db-3 refused jane@example.org at 10.1.2.3, see PAYMENTS-1"}
    row |= {"attributes": {"host.name": "rack7.acme.example", "user_agent": "curl/8"}}
    for root in (plain, bundle):
        with (root / "logs" / "lines.jsonl").open("a") as lines:
            lines.write(json.dumps(row) + "\n")
    counts = anonymise(bundle)
    assert counts["service"] == 3
    text = everything(bundle).lower()
    for name in ("payments", "checkout", "gateway", "jane", "acme", "10.1.2.3", '"ci"'):
        assert name not in text, name
    assert "curl/8" in text
    assert "division by zero" in text
    assert read_bundle(bundle).held == read_bundle(plain).held


def test_a_cluster_tells_the_same_without_its_names(tmp_path):
    waiting = [one for n in "ab" for one in pending(workload(f"acme-{n}"))]
    names = made("Service", "kube-dns", "kube-system", spec={"clusterIP": "10.0.0.10"})
    recording = Recorder(dumps(dump(tmp_path, node("rack7", unschedulable=True), waiting, names)))
    bundle = save(recording.recording, tmp_path / "bundle")
    anonymise(bundle)
    text = everything(bundle / "kubernetes")
    assert "acme" not in text and "rack7" not in text and "kube-dns" in text
    told = cluster_of(read_bundle(bundle))
    assert told is not None
    (found,) = troubles(told.seen)
    assert (found.trouble.cause, found.trouble.object) == ("cordoned", "Node node-1")


def test_it_says_the_same_each_time(tmp_path):
    one, other = write_sample(tmp_path / "a" / "s"), write_sample(tmp_path / "b" / "s")
    anonymise(one)
    anonymise(other)
    assert everything(one) == everything(other)


def test_names_are_words_of_their_own():
    names = Names()
    names.add("cart", "service")
    names.add("cart-db", "service")
    names.add("Jane Doe", "person")
    assert names.text("cart, Cart-DB-2 and cart_api; not cartoon") == (
        "service-1, service-2-2 and service-1_api; not cartoon"
    )
    assert names.text("Jane Doe") == "person-1"
    assert names.text("error", "level") == "error"
