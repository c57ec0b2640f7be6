"""`warroom triage --kubernetes`: a dump of a cluster alone, or beside an alert."""

import json
from pathlib import Path

import pytest

from warroom.app.configuration import recall, settings
from warroom.console.exits import Exit
from warroom.tests.support.clusters import dump, node, pending, service, workload
from warroom.tests.support.consoles import CommandLine


@pytest.fixture
def warroom(tmp_path, monkeypatch, capsys):
    return CommandLine(tmp_path / "home", monkeypatch, capsys)


def test_a_dump_alone_is_an_incident_with_level_place_cause_and_what_to_do(
    warroom, tmp_path: Path
) -> None:
    folder = dump(tmp_path / "dump", node("n1", unschedulable=True), pending(workload("cart")))
    said = warroom("triage", "--kubernetes", str(folder))
    assert "P1 by nobody is ready" in said.out
    assert "by hand: Uncordon the node." in " ".join(said.out.split())
    document = warroom.store.load(warroom.store.incidents()[0].id)
    assert document.alert.service == "cart"
    cause = document.leading()
    assert cause is not None and cause.resource == "Node n1" and cause.confidence > 0.9
    assert recall(settings(), document.id).kubernetes == folder


def test_a_cluster_that_is_well_opens_nothing(warroom, tmp_path: Path) -> None:
    ports = [{"containerPort": 8080}]
    folder = dump(tmp_path, node("n1"), workload("cart", ports=ports), service("cart"))
    said = warroom("triage", "--kubernetes", str(folder))
    assert (said.code, warroom.store.incidents()) == (Exit.done, [])
    assert "inconclusive: 5 objects of 5 kinds were read" in said.out
    assert warroom("triage", "--kubernetes", str(folder), "--json").json == []


def test_words_and_a_dump(warroom, tmp_path: Path) -> None:
    folder = dump(tmp_path, node("n1", unschedulable=True), pending(workload("cart")))
    alert = json.dumps({"name": "Down", "service": "cart", "summary": "cart is down"}).encode()
    result = warroom("triage", "-", "--kubernetes", str(folder), "--json", stdin=alert).json[0]
    assert "Node n1 is cordoned" in json.dumps(result)


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_no_dump_says_what_to_write(warroom, tmp_path: Path, name: str) -> None:
    said = warroom("triage", "--kubernetes", str(tmp_path / name))
    assert said.code == Exit.bad_input
    assert "kubectl get" in said.err
