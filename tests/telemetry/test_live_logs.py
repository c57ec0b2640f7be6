"""What containers of a live cluster said reaches the recognisers as a dump's log files do: within
bounds, only where something is not well, and where it may not be read that is told."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from warroom.cluster.ranking import troubles
from warroom.cluster.snapshot import Snapshot
from warroom.diagnosis.cluster import read_cluster
from warroom.kube_api import ClusterAccess
from warroom.telemetry.cluster_state import cluster_of
from warroom.telemetry.model import Window
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.sources import clusters, live_logs
from warroom.telemetry.sources.checkup import cluster_checkup
from warroom.telemetry.sources.clusters import LiveCluster, live_clusters
from warroom.telemetry.sources.links import backend_queries
from warroom.telemetry.sources.source import About, SourceQuery
from warroom.tests.support.clusters import dump, made, node, well, workload
from warroom.tests.support.listing_api import ListingApi

ENDED = {"exitCode": 1, "reason": "Error"}
LOOPING = {
    **{"ready": False, "restartCount": 7, "lastState": {"terminated": ENDED}},
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
}
UNREADY = {"ready": False, "restartCount": 0, "state": {"running": {}}}
REFUSED = 'FATAL: password authentication failed for user "cart"'


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ListingApi]:
    monkeypatch.setattr(clusters, "FRESH_S", 0.0)
    made_up = ListingApi()
    yield made_up
    made_up.close()


def in_loop(name: str, **more: Any) -> list[dict[str, Any]]:
    secret = {"secretKeyRef": {"name": "cart-db", "key": "password"}}
    env = [{"name": "DB_PASSWORD", "valueFrom": secret}]
    return workload(name, env=env, status={"name": name, **LOOPING}, **more)


def lists(*objects: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found = dict[str, list[dict[str, Any]]]()
    for one in objects:
        found.setdefault(f"{one['kind'].lower()}s", []).append(one)
    return found


def live(api: ListingApi) -> LiveCluster:
    return LiveCluster(ClusterAccess(name="prod", url=api.where))


def said(cluster: LiveCluster) -> dict[str, str]:
    rows = cluster.rows()
    return {row["name"]: row["object"]["text"] for row in rows if row["kind"] == "PodLog"}


def asked(api: ListingApi) -> list[dict[str, str]]:
    known = [one for one in api.asked if one.path.endswith("/log")]
    api.asked.clear()
    pods = [one.path.split("/")[-2] for one in known]
    parts = [{name: values[0] for name, values in one.params.items()} for one in known]
    return [{"pod": pod, **one} for pod, one in zip(pods, parts, strict=True)]


def state_of(api: ListingApi) -> Snapshot:
    recorder = Recorder(live_clusters([ClusterAccess(name="prod", url=api.where)]))
    recorder.focus("cart", 0.0)
    state = cluster_of(recorder.advance())
    assert state is not None
    return state.seen


def test_what_it_said_tells_of_a_live_cluster_what_it_tells_of_a_dump(
    api: ListingApi, tmp_path: Path
) -> None:
    secret = made("Secret", "cart-db", data={"password": ""})
    objects = [node("n1"), *in_loop("cart"), secret]
    lines = ["starting", REFUSED]
    api.lists, api.logs = lists(*objects), {"cart-1-0/cart/previous": lines}
    live_one = state_of(api)
    (dump(tmp_path, *objects) / "cart-1-0.previous.log").write_text("\n".join(lines))
    for seen in (live_one, read_cluster(tmp_path).seen):
        first = troubles(seen)[0].trouble
        assert (first.cause, first.object) == ("login-refused", "Secret shop/cart-db")
        assert first.signs[0].object == "PodLog shop/cart-1-0/cart/previous"
        assert first.signs[0].value.startswith(REFUSED[:-1])
    api.logs.clear()
    assert troubles(state_of(api))[0].trouble.cause == "crashes"


def test_only_what_is_not_well_is_asked_for_and_within_bounds(api: ListingApi) -> None:
    lately = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    again = {"restartCount": 1, "lastState": {"terminated": {**ENDED, "finishedAt": lately}}}
    long_ago = {
        **again,
        "lastState": {"terminated": {**ENDED, "finishedAt": "2026-01-01T00:00:00Z"}},
    }
    pulling = {"state": {"waiting": {"reason": "ImagePullBackOff"}}, "ready": False}
    states = {
        **{"well": {}, "unready": UNREADY, "looping": LOOPING, "again": again},
        **{"over": long_ago, "pulling": pulling},
    }
    every = [workload(name, status={**well(name), **one}) for name, one in states.items()]
    done = workload("done", status={**well("done"), "ready": False})
    done[2]["status"]["phase"] = "Succeeded"
    api.lists = lists(*(one for some in [*every, done] for one in some))
    api.logs = {f"{name}-1-0/{name}{run}": ["x"] for name in states for run in ("", "/previous")}
    found = said(live(api))
    assert found.keys() == {
        *("looping-1-0/looping/previous", "unready-1-0/unready"),
        *("again-1-0/again/previous", "again-1-0/again"),
    }
    bounds = {"tailLines": "200", "limitBytes": "65536"}
    assert all(bounds.items() <= one.items() for one in asked(api))


def test_of_many_each_workload_comes_first_and_what_is_left_is_told(api: ListingApi) -> None:
    many = workload("many", replicas=40, status={"name": "many", **UNREADY})
    last = workload("zoo", status={"name": "zoo", **UNREADY})
    api.lists = lists(*many, *last)
    api.logs = {f"many-1-{n}/many": ["x"] for n in range(40)} | {"zoo-1-0/zoo": ["x"]}
    cluster = live(api)
    found = said(cluster)
    assert len(found) == len(asked(api)) == live_logs.CONTAINERS
    assert "zoo-1-0/zoo" in found
    assert cluster.missing == ["of 41 containers that are not well 30 logs were read"]


def test_what_is_over_is_read_once_and_what_goes_on_again(api: ListingApi) -> None:
    def ended(number: int) -> list[dict[str, Any]]:
        of = {"terminated": {**ENDED, "containerID": f"containerd://{number}"}}
        status = {"name": "cart", **LOOPING, "lastState": of}
        return [*workload("cart", status=status), *workload("web", status=unready)]

    unready = {"name": "web", **UNREADY}
    api.lists, cluster = lists(*ended(1)), live(api)
    api.logs = {"cart-1-0/cart/previous": ["first"], "web-1-0/web": ["x"]}
    assert said(cluster)["cart-1-0/cart/previous"] == "first"
    assert [one["pod"] for one in asked(api)] == ["cart-1-0", "web-1-0"]
    assert said(cluster)["cart-1-0/cart/previous"] == "first"
    assert [one["pod"] for one in asked(api)] == ["web-1-0"]
    api.lists, api.logs["cart-1-0/cart/previous"] = lists(*ended(2)), ["second"]
    assert said(cluster)["cart-1-0/cart/previous"] == "second"


def test_where_a_limit_cuts_the_end_fewer_lines_are_asked_for(api: ListingApi) -> None:
    api.lists = lists(*workload("cart", status={"name": "cart", **UNREADY}))
    api.logs = {"cart-1-0/cart": [*(f"{n} {'x' * 1000}" for n in range(300)), "last words"]}
    assert said(live(api))["cart-1-0/cart"].endswith("x\nlast words")
    assert [one["tailLines"] for one in asked(api)] == ["200", "50"]


def test_without_the_right_it_is_told_once_and_all_else_is_read(api: ListingApi) -> None:
    api.lists = lists(node("n1"), *in_loop("cart", replicas=3))
    api.refused = {"log": 403}
    cluster = live(api)
    assert said(cluster) == {}
    assert {row["kind"] for row in cluster.rows()} >= {"Node", "Pod", "Deployment"}
    (gap,) = cluster.missing
    assert gap.startswith("the log of shop/cart-1-0/cart was not read: prod refuses GET")
    assert "give its account that right" in gap
    advice = cluster_checkup(ClusterAccess(name="prod", url=api.where))
    assert advice.fault == "" and advice.advice == [gap]


def test_a_node_that_does_not_answer_is_left_alone_and_what_was_known_stays(
    api: ListingApi,
) -> None:
    cart = workload("cart", replicas=3, status={"name": "cart", **UNREADY})
    cart[4]["spec"] = {**cart[4]["spec"], "nodeName": "n2"}
    api.lists = lists(*cart)
    api.logs = {f"cart-1-{n}/cart": [f"of {n}"] for n in range(3)}
    cluster = live(api)
    before = said(cluster)
    api.refused = {"cart-1-0": 500}
    api.logs["cart-1-2/cart"] = ["later"]
    asked(api)
    assert said(cluster) == {**before, "cart-1-2/cart": "later"}
    assert {one["pod"] for one in asked(api)} == {"cart-1-0", "cart-1-2"}
    (gap,) = cluster.missing
    assert "was not read" in gap and "500" in gap


@pytest.mark.parametrize("status", [404, 500])
def test_no_log_at_all_is_told_in_few_words(api: ListingApi, status: int) -> None:
    every = [in_loop(f"a{n}") for n in range(6)]
    for number, one in enumerate(every):
        one[2]["spec"] = {**one[2]["spec"], "nodeName": f"n{number}"}
    api.lists = lists(*(one for some in every for one in some))
    api.refused = {"log": status}
    cluster = live(api)
    assert said(cluster) == {}
    assert len(cluster.missing) == 4
    assert cluster.missing[-1] == "3 more logs were not read, for such reasons"


def test_what_a_node_says_in_a_logs_place_is_no_log(api: ListingApi) -> None:
    api.lists = lists(*workload("cart", status={"name": "cart", **UNREADY}))
    text = b"unable to retrieve container logs for containerd://1"
    api.told = {"/api/v1/namespaces/shop/pods/cart-1-0/log": text}
    cluster = live(api)
    assert said(cluster) == {}
    assert "unable to retrieve container logs" in cluster.missing[0]


def test_what_is_well_again_says_nothing_any_more(api: ListingApi) -> None:
    api.lists = lists(*workload("cart", status={"name": "cart", **UNREADY}))
    api.logs = {"cart-1-0/cart": ["--password=hunter2 refused"]}
    cluster = live(api)
    assert said(cluster) == {"cart-1-0/cart": "--password=(not kept) refused"}
    cluster.read(SourceQuery())
    api.lists = lists(*workload("cart"))
    lines = cluster.read(SourceQuery()).lines.decode().splitlines()
    assert any('"PodLog"' in line and '"object": null' in line for line in lines)
    assert said(cluster) == {}


def test_evidence_says_how_a_person_reads_the_same(api: ListingApi) -> None:
    api.lists, api.logs = lists(*in_loop("cart")), {"cart-1-0/cart/previous": [REFUSED]}
    sources = live_clusters([ClusterAccess(name="prod", url=api.where)])[:1]
    sources[0].rows()
    _get, log = backend_queries(sources, ["kubernetes"], About(Window(0, 4e9)))
    assert log.query == (
        "kubectl logs -n shop cart-1-0 -c cart --tail=200 --limit-bytes=65536 --previous"
    )
