"""Logs of pods: restarts, pages, nodes that do not answer; over a fake of Kubernetes' API."""

from collections.abc import Iterator
from typing import Any

import pytest

from warroom.telemetry.model import LogRecord
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.sources import pods
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.log_lines import rfc3339
from warroom.telemetry.sources.registry import connected
from warroom.telemetry.sources.source import EVER
from warroom.tests.support.bundles import START
from warroom.tests.support.http_backends import Reply, serving
from warroom.tests.support.pods_backend import PodsBackend


@pytest.fixture
def cluster() -> Iterator[PodsBackend]:
    with serving(PodsBackend()) as backend:
        yield backend  # pyright: ignore


def write(cluster: PodsBackend, at: float, text: str, **labels: str) -> None:
    row = {"ts": START + at, "service": "shop", "message": text, "labels": labels}
    cluster.write("logs", row)


def read(cluster: PodsBackend, **facts: Any) -> tuple[list[LogRecord], str]:
    """The lines of a service, and what is said of them, ten minutes later."""
    given = {"name": "prod", "type": "kubernetes", "url": cluster.where, **facts}
    found = connected([Datasource.model_validate(given)])
    sources = [one for one in found if one.modality == "logs"]
    recorder = Recorder(sources, clock=lambda: START + 600)
    recorder.focus("shop", START)
    recording = recorder.advance()
    (said,) = [one.problem for one in recording.coverage() if one.modality == "logs"]
    return recording.logs(EVER), said


def time(at: float) -> str:
    return rfc3339(int((START + at) * 1e9))


def asked(cluster: PodsBackend) -> list[Any]:
    return [one for one in cluster.asked if one.path.endswith("/log")]


def test_a_line_says_where_it_is_from(cluster):
    write(cluster, 1, '{"level": "error", "msg": "card declined"}', track="canary")
    for number in range(4):
        write(cluster, 2, "quiet", number=str(number))
    found, said = read(cluster)
    assert (len(found), said) == (5, "")
    assert len(cluster.asked) == 3 + 5  # pages of pods, their logs
    (told,) = [one for one in found if one.level == "error"]
    assert told.instance.startswith("pod-")
    assert told.message == "card declined"
    assert told.attributes == {"namespace": "shop", "container": "main"}


def test_of_a_container_that_was_restarted_the_run_before_is_read_too(cluster):
    write(cluster, 100, "killed: out of memory")
    cluster.ended, cluster.entries = cluster.entries, []
    write(cluster, 200, "started")
    before = {"startedAt": time(0), "finishedAt": time(150)}
    cluster.status = {"lastState": {"terminated": before}}
    found, _ = read(cluster)
    assert [one.message for one in found] == ["killed: out of memory", "started"]
    cluster.status = {"lastState": {"terminated": before | {"finishedAt": time(-5)}}}
    assert [one.message for one in read(cluster)[0]] == ["started"]  # it ended before the window


def test_a_run_that_is_gone_by_now_is_no_failure(cluster):
    write(cluster, 200, "started")
    before = {"startedAt": time(0), "finishedAt": time(150)}
    cluster.status = {"lastState": {"terminated": before}}
    found, said = read(cluster)
    assert ([one.message for one in found], said) == (["started"], "")


def test_while_a_container_waits_for_its_next_start_its_last_run_is_read_once(cluster):
    write(cluster, 100, "panic")
    before = {"startedAt": time(0), "finishedAt": time(150)}
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    cluster.status = {"state": waiting, "lastState": {"terminated": before}}
    assert [one.message for one in read(cluster)[0]] == ["panic"]
    cluster.status = {"state": waiting, "lastState": {}}  # it never ran
    cluster.asked.clear()
    assert read(cluster)[0] == []
    assert asked(cluster) == []


def test_a_long_log_is_read_page_by_page(cluster, monkeypatch):
    monkeypatch.setattr(pods, "PAGE_BYTES", 600)
    monkeypatch.setattr(pods, "NEARLY", 60)
    for number in range(100):
        write(cluster, 1 + number / 4, f"line {number}")
    found, said = read(cluster)
    assert [one.message for one in found] == [f"line {number}" for number in range(100)]
    assert said == ""


def test_of_a_second_with_more_than_a_page_the_rest_is_left_out_and_said(cluster, monkeypatch):
    monkeypatch.setattr(pods, "PAGE_BYTES", 600)
    monkeypatch.setattr(pods, "NEARLY", 60)
    for number in range(100):
        write(cluster, 1 + number / 100, f"line {number}")
    write(cluster, 5, "later")
    found, said = read(cluster)
    assert 0 < len(found) < 100
    assert found[-1].message == "later"
    assert "of prod's busiest moments not all lines are here" in said


def test_one_dark_pod_does_not_hide_another(cluster):
    write(cluster, 1, "one", zone="a")
    write(cluster, 2, "two", zone="b")
    dark = next(iter(cluster._pods()))
    cluster.dark = {dark}
    found, said = read(cluster)
    assert [one.message for one in found] == ["two"]
    assert f"{dark}/main: answered HTTP 500: the node is gone" in said


def test_what_a_node_says_in_the_place_of_a_log_is_no_line(cluster):
    write(cluster, 1, "one")
    cluster.refused = {"shop": Reply(b"unable to retrieve container logs for containerd://1")}
    found, said = read(cluster)
    assert found == []
    assert "unable to retrieve container logs for containerd://1" in said


def test_of_many_pods_those_that_ended_and_the_youngest_are_read(cluster, monkeypatch):
    monkeypatch.setattr(pods, "MOST_CONTAINERS", 2)
    for number in range(5):
        write(cluster, number, f"line {number}", number=str(number))
    found, said = read(cluster)
    assert [one.message for one in found] == ["line 3", "line 4"]
    assert "of shop, logs of 2 containers of 5 are here" in said


def test_one_namespace_is_kept_to(cluster):
    write(cluster, 1, "one")
    assert [one.message for one in read(cluster, jsonData={"namespace": "shop"})[0]] == ["one"]
    assert cluster.asked[0].path == "/api/v1/namespaces/shop/pods"


def test_a_person_is_told_how_to_read_the_same():
    url = {
        "name": "prod",
        "type": "kubernetes",
        "url": "https://k8s",
        "jsonData": {"namespace": "a"},
    }
    asked = pods.Pods(Datasource.model_validate(url)).select(pods.Whose("app", ("cart", "web; ls")))
    told = "-l 'app in (cart,web; ls)' --all-containers --prefix --timestamps"
    assert asked == f"kubectl logs -n a {told}"


def test_inside_a_cluster_the_service_account_is_used():
    inside = {"name": "here", "type": "kubernetes", "url": "https://kubernetes.default.svc"}
    known = pods.in_cluster(Datasource.model_validate(inside))
    assert known.authorization
    assert known.authorization.credentials_file == pods.ACCOUNT / "token"
    assert known.tls_config.ca_file == pods.ACCOUNT / "ca.crt"
    for other in ({"url": "https://k8s.example.org"}, {"authorization": {"credentials_file": "f"}}):
        given = Datasource.model_validate(inside | other)
        assert pods.in_cluster(given) == given
