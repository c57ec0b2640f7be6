"""A cluster's objects in a recording: from kubectl's dumps and from an API, without its secrets."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from warroom.kube_api import ClusterAccess
from warroom.telemetry.bundle import open_bundle, save
from warroom.telemetry.bundle_check import checked
from warroom.telemetry.cluster_state import ClusterState, cluster_of
from warroom.telemetry.model import Window
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.recording import Recording
from warroom.telemetry.sources import clusters
from warroom.telemetry.sources.checkup import cluster_checkup
from warroom.telemetry.sources.clusters import LiveCluster, dumps, live_clusters
from warroom.telemetry.sources.links import backend_queries
from warroom.telemetry.sources.source import About, SourceQuery
from warroom.tests.support.benches import ReadBench
from warroom.tests.support.clusters import dump, event, made, node, owned, pending, workload
from warroom.tests.support.house import ROOT
from warroom.tests.support.http_backends import serving
from warroom.tests.support.listing_api import ListingApi
from warroom.tools.base import Frame
from warroom.tools.cluster import cluster_troubles

PASSWORD = "hunter2-of-the-shop"
ALWAYS = Window(0, 4e9)


def state(recording: Recording) -> ClusterState:
    found = cluster_of(recording)
    assert found is not None
    return found


def secretive() -> list[dict[str, Any]]:
    """Objects with a password wherever one may stand."""
    env = [
        {"name": "DB_PASSWORD", "value": PASSWORD},
        {"name": "DB_DSN_HOST", "value": "ledger-db:5432"},
        {"name": "DB_URL", "value": f"postgres://shop:{PASSWORD}@db.shop:5432/shop"},
        {"name": "PORT", "value": "8080"},
    ]
    cart = workload("cart", env=env, args=["--port=8080", f"--api-token={PASSWORD}"])
    copy = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(cart[0])}
    cart[0]["metadata"]["annotations"] = copy
    secret = made("Secret", "db", data={"password": PASSWORD, "user": PASSWORD})
    config = made("ConfigMap", "cart", data={"api_token": PASSWORD, "HOST": "db"})
    return [*cart, secret, config]


def test_no_secret_is_kept_and_what_is_needed_is(tmp_path: Path) -> None:
    recorder = Recorder(dumps(dump(tmp_path / "dump", secretive())))
    root = save(recorder.recording, tmp_path / "kept")
    text = (root / "kubernetes" / "recorded.json").read_text()
    assert PASSWORD not in text
    assert "postgres://db.shop:5432/shop" in text and "ledger-db:5432" in text
    seen = state(recorder.recording).seen
    (secret,) = seen.of("Secret")
    assert secret.fields("data").keys() == {"password", "user"}
    assert seen.of("ConfigMap")[0].fields("data")["HOST"] == "db"


def test_it_is_kept_as_it_was_and_read_again(tmp_path: Path) -> None:
    cart = workload("cart", replicas=2)
    objects = [node("n1"), *cart, event(cart[2], "BackOff", "again")]
    first = Recorder(dumps(dump(tmp_path / "dump", objects))).recording
    root = save(first, tmp_path / "kept")
    assert checked(root).good
    before, after = state(first), state(open_bundle(root).recording)
    assert [one.raw for one in after.seen.objects] == [one.raw for one in before.seen.objects]
    assert (after.at, after.services) == (before.at, before.services)
    assert after.services["Deployment shop/cart"] == after.services["Pod shop/cart-1-0"] == "cart"
    assert "Node n1" not in after.services


def test_a_list_without_items_says_that_there_are_none(tmp_path: Path) -> None:
    folder = dump(tmp_path, node("n1"))
    (folder / "secrets.json").write_text('{"kind": "SecretList", "items": []}')
    (folder / "watched.json").write_text(json.dumps(node("n2")) + "\n" + json.dumps(node("n3")))
    seen = state(Recorder(dumps(folder)).recording).seen
    assert seen.missing("Secret", "shop", "db") and not seen.missing("ConfigMap", "shop", "db")
    assert [one.name for one in seen.nodes] == ["n1", "n2", "n3"]


def test_roll_outs_are_changes(tmp_path: Path) -> None:
    old, new = workload("cart"), workload("cart", image="registry.example.org/cart:v2")
    revision = {"deployment.kubernetes.io/revision": "2"}
    at = {"annotations": revision, "creationTimestamp": "2026-11-30T10:30:00Z", **owned(new[0])}
    replica = {**new[1], "metadata": {**new[1]["metadata"], "name": "cart-2", **at}}
    recording = Recorder(dumps(dump(tmp_path, new[0], old[1], replica))).recording
    change = recording.changes(ALWAYS)[-1]
    assert (change.kind, change.service) == ("deploy", "cart")
    assert (change.version, change.previous) == (
        "registry.example.org/cart:v2",
        "registry.example.org/cart:v1",
    )
    assert "+" in change.diff and "cart:v2" in change.diff


def test_a_release_step_by_step_is_a_change_that_says_how_far_it_is(tmp_path: Path) -> None:
    deployment, replica, *_ = workload("cart", image="registry.example.org/cart:v2")
    spec = {**deployment["spec"], "strategy": {"canary": {"steps": [{"setWeight": 20}]}}}
    status = {"stableRS": "a", "currentPodHash": "b", "phase": "Progressing"}
    rollout = made("Rollout", "cart", spec=spec, status=status)
    for name, image in (("a", "v1"), ("b", "v2")):
        at = {"annotations": {"rollout.argoproj.io/revision": image[1:]}, **owned(rollout)}
        about = {**at, "name": f"cart-{name}", "labels": {"rollouts-pod-template-hash": name}}
        about["creationTimestamp"] = f"2026-11-30T10:{image[1:]}0:00Z"
        kept = json.loads(json.dumps(replica).replace("cart:v2", f"cart:{image}"))
        (tmp_path / "dump").mkdir(exist_ok=True)
        dump(tmp_path / "dump" / name, {**kept, "metadata": {**kept["metadata"], **about}})
    dump(tmp_path / "dump" / "all", rollout)
    recording = Recorder(dumps(tmp_path / "dump")).recording
    change = recording.changes(ALWAYS)[-1]
    assert (change.kind, change.service) == ("deploy", "cart")
    assert (change.version[-2:], change.previous[-2:]) == ("v2", "v1")
    assert change.summary.endswith(
        "cart:v2 (20 % of requests, step 1 of 1, Progressing, when it was read)"
    )


def test_what_is_no_dump_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "objects.json").write_text("{half")
    gaps = dict(Recorder(dumps(tmp_path)).recording.gaps)
    assert "not JSON" in gaps["kubernetes"]


def test_a_file_that_is_no_dump_costs_the_others_nothing_and_is_told(tmp_path: Path) -> None:
    dump(tmp_path, workload("cart"))
    (tmp_path / "z.json").write_text("{half")
    recording = Recorder(dumps(tmp_path)).recording
    assert state(recording).seen.of("Deployment")
    assert "z.json is not JSON" in str(recording.unseen)


def test_a_folder_that_is_not_there_is_a_gap_that_says_what_to_do(tmp_path: Path) -> None:
    gaps = dict(Recorder(dumps(tmp_path / "gone")).recording.gaps)
    assert "gone: No such file or directory; name a folder that is there" in gaps["kubernetes"]


@pytest.fixture
def api() -> Iterator[ListingApi]:
    made_up = ListingApi()
    yield made_up
    made_up.close()


def test_an_api_is_asked_page_by_page_and_what_it_forbids_is_named(
    api: ListingApi, monkeypatch
) -> None:
    monkeypatch.setattr(clusters, "FRESH_S", 0.0)
    cart = workload("cart", replicas=2)
    api.lists = {"nodes": [node("n1"), node("n2")], "deployments": cart[:1], "pods": cart[2:]}
    api.refused, api.too_old = {"configmaps": 403, "secrets": 403}, 1
    live = LiveCluster(ClusterAccess(name="prod", url=api.where, namespaces=("shop",)))
    first = live.read(SourceQuery())
    rows = [json.loads(line) for line in first.lines.splitlines()]
    there = {(row["kind"], row["name"]) for row in rows if row["name"]}
    assert there == {
        *(("Node", "n1"), ("Node", "n2"), ("Deployment", "cart")),
        *(("Pod", "cart-1-0"), ("Pod", "cart-1-1")),
    }
    (gap,) = first.left_out
    assert 'cannot list resource "configmaps"' in gap and "give its account that right" in gap
    assert not [asked for asked in api.asked if "secrets" in asked.path]
    api.lists["pods"] = cart[2:3]
    rows = [json.loads(line) for line in live.read(SourceQuery()).lines.splitlines()]
    assert [(row["name"], row["object"]) for row in rows] == [("cart-1-1", None)]


def test_a_kind_that_is_refused_and_not_served_at_all_is_no_gap(api: ListingApi) -> None:
    """Rights are looked at first: whoever may not read Rollouts need not have any."""
    api.lists, api.refused = {"nodes": [node("n1")]}, {"rollouts": 403, "canaries": 403}
    live = LiveCluster(ClusterAccess(name="prod", url=api.where))
    assert live.read(SourceQuery()).left_out == ()
    api.lists["v1beta1"] = []  # what answers for flagger.app
    live = LiveCluster(ClusterAccess(name="prod", url=api.where))
    (gap,) = live.read(SourceQuery()).left_out
    assert "canaries" in gap


def test_what_is_asked_for_is_what_the_shipped_rights_allow() -> None:
    role = next(yaml.safe_load_all((ROOT / "deploy" / "kubernetes" / "read.yaml").read_text()))
    allowed = {
        (group, name)
        for rule in role["rules"]
        if {"get", "list"} <= set(rule["verbs"])
        for group in rule["apiGroups"]
        for name in rule["resources"]
    }
    asked = {
        ("" if version == "v1" else version.partition("/")[0], name)
        for version, names in (clusters.KINDS | clusters.OF_RELEASES).items()
        for name in names.split()
    }
    assert asked <= allowed
    assert ("", "secrets") not in allowed


def test_a_live_cluster_is_recorded_and_its_roll_outs_are_changes(api: ListingApi) -> None:
    api.lists = {"deployments": workload("cart")[:1], "replicasets": workload("cart")[1:2]}
    sources = live_clusters([ClusterAccess(name="prod", url=api.where)])
    recorder = Recorder(sources)
    recorder.focus("cart", 0.0)
    recording = recorder.advance()
    assert [one.ref for one in state(recording).seen.objects] == [
        *("Deployment shop/cart", "ReplicaSet shop/cart-1"),
    ]
    assert [change.service for change in recording.changes(ALWAYS)] == ["cart"]
    assert recording.gaps == ()


def test_evidence_says_how_a_person_asks_the_same(api: ListingApi) -> None:
    api.lists = {"nodes": [node("n1")]}
    access = ClusterAccess(name="prod", url=api.where, namespaces=("shop",))
    (query,) = backend_queries(live_clusters([access])[:1], ["kubernetes"], About(ALWAYS))
    assert query.datasource == "prod"
    assert query.query.startswith("kubectl get pods,") and query.query.endswith("-n shop -o json")


def test_a_look_at_a_cluster_says_what_is_there_and_what_it_may_not_read(api: ListingApi) -> None:
    api.lists, api.refused = {"deployments": workload("cart")[:1]}, {"nodes": 403}
    found = cluster_checkup(ClusterAccess(name="prod", url=api.where))
    away = cluster_checkup(ClusterAccess(name="b", context="none"))
    assert (found.amount, found.services, found.fault) == (1, ("cart",), "")
    assert "give its account that right" in found.advice[0]
    assert "get-contexts" in away.fault


def test_a_cluster_that_does_not_answer_is_a_gap(api: ListingApi) -> None:
    api.close()
    recorder = Recorder(live_clusters([ClusterAccess(name="prod", url=api.where)]))
    recorder.focus("", 0.0)
    assert "is it up" in dict(recorder.advance().gaps)["kubernetes"]


def test_what_is_wrong_is_looked_at_anew_when_it_changed(api: ListingApi, monkeypatch) -> None:
    monkeypatch.setattr(clusters, "FRESH_S", 0.0)
    api.lists = {"nodes": [node("n1")], "pods": pending(workload("cart"))[2:]}
    recorder = Recorder(live_clusters([ClusterAccess(name="prod", url=api.where)]))
    recorder.focus("cart", 0.0)
    frame = Frame(ALWAYS, ALWAYS)
    before = cluster_troubles(ReadBench(recorder.advance(), frame)).rows
    api.lists["nodes"] = [node("n1", unschedulable=True)]
    after = cluster_troubles(ReadBench(recorder.advance(), frame)).rows
    assert [row.object for row in after] == ["Node n1"] != [row.object for row in before]


def test_two_clusters_stay_apart(api: ListingApi, tmp_path: Path) -> None:
    """The same names in both: what one has is not the other's."""
    cart = pending(workload("cart"))
    listed = {"nodes": [node("n1", unschedulable=True)], "deployments": cart[:1], "pods": cart[2:]}
    api.lists = listed
    with serving(ListingApi()) as stage:
        assert isinstance(stage, ListingApi)
        stage.lists = {"nodes": [node("n1")], "deployments": workload("cart", replicas=0)[:1]}
        both = (("prod", api.where), ("stage", stage.where))
        sources = live_clusters([ClusterAccess(name=name, url=where) for name, where in both])
        recorder = Recorder(sources)
        recorder.focus("cart", 0.0)
        recording = recorder.advance()
    root = save(recording, tmp_path / "kept")
    for one in (recording, open_bundle(root).recording):
        found = state(one)
        assert [seen.nodes[0].get("spec.unschedulable") for seen in found.clusters.values()] == [
            True,
            None,
        ]
        (row,) = cluster_troubles(ReadBench(one, Frame(ALWAYS, ALWAYS))).rows
        assert (row.object, row.shown_by, row.hurts) == (
            "Node n1 in prod",
            "Node n1 in prod",
            "cart",
        )
        assert row.said.startswith("Node n1 is cordoned") and row.said.endswith(" in prod")
    assert checked(root).good
