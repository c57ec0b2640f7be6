"""`warroom triage`: alerts good and bad, with telemetry, with broken telemetry, with none."""

import json

import pytest

from warroom.app.configuration import recall, settings
from warroom.console.exits import Exit
from warroom.tests.support.bundles import START
from warroom.tests.support.consoles import CommandLine
from warroom.tests.support.shop_bundle import Fault, write_shop


@pytest.fixture
def warroom(tmp_path, monkeypatch, capsys):
    return CommandLine(tmp_path / "home", monkeypatch, capsys)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The synthetic shop with errors in checkout."""
    return write_shop(tmp_path_factory.mktemp("shop") / "bundle", Fault("errors", "checkout"))


def alert(name="HighErrorRate", service="checkout", **more) -> dict:
    fired = {"timestamp": START + 70, "severity": "critical", "summary": "5xx ratio is high"}
    return {"name": name, "service": service, **fired, **more}


def written(tmp_path, content) -> str:
    path = tmp_path / "alert.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"{half", "not JSON"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"[" * 100_000, "nested"),
        (b" " * 32_000_001, "MB"),
        (b"42", "not an object"),
        (b'{"alerts": []}', "no alert"),
        (b'{"alerts": "many"}', "not a list"),
        (b'{"colour": "red"}', "neither name nor summary"),
    ],
)
def test_a_bad_alert_is_one_line_and_opens_nothing(warroom, tmp_path, content, says):
    said = warroom("triage", written(tmp_path, content))
    assert said.code == Exit.bad_input
    assert says in said.err
    assert len(said.err.strip().splitlines()) == 1
    assert warroom.store.incidents() == []


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_an_alert_that_is_no_file(warroom, name):
    said = warroom("triage", name)
    assert said.code == Exit.bad_input
    assert "name a file" in said.err


def test_a_bundle_that_is_none(warroom, tmp_path):
    (tmp_path / "empty").mkdir()
    for name in ("nowhere", "empty"):
        said = warroom("triage", written(tmp_path, alert()), "--telemetry", str(tmp_path / name))
        assert said.code == Exit.bad_input
        assert "bundle" in said.err


def test_without_telemetry_it_is_asked_and_not_declared(warroom):
    content = json.dumps(alert(summary="complete outage of checkout")).encode()
    result = warroom("triage", "-", "--json", stdin=content).json[0]
    assert result["severity"] == "P2"
    document = warroom.store.load(result["incident"])
    assert document.impact.revenue_per_hour is None
    assert {m.audience.value for m in document.communications} == {"engineering"}
    assert "Look again at whether checkout is hurt" in {f.title for f in document.follow_ups}
    assert result["executions"] == []
    assert {gap["what"] for gap in result["gaps"]} >= {"metrics", "logs", "traces", "changes"}
    assert (warroom.home / "incidents" / result["incident"] / "incident.md").exists()
    text = warroom("show").out
    assert "requests not measured" in text
    assert "0 of 0 requests" not in text


def test_a_response_over_a_bundle_shows_its_work_and_leaves_files(warroom, tmp_path, bundle):
    said = warroom("triage", written(tmp_path, alert()), "--telemetry", str(bundle), "-v")
    assert said.code in (Exit.waiting, Exit.unresolved)
    for text in ("Phase 1", "Phase 2", "step 4", "E1 ", "checkout", "advice", "█"):
        assert text in said.out
    document = warroom.store.load(warroom.store.incidents()[0].id)
    folder = warroom.home / "incidents" / document.id
    names = {path.name for path in folder.rglob("*")}
    assert {"incident.md", "incident.json", "postmortem.md", "timeline.svg"} <= names
    assert document.leading() is not None
    assert warroom("postmortem").out.startswith("#")


def test_an_answer_given_later_is_carried_on_with(warroom, tmp_path, bundle):
    said = warroom("triage", written(tmp_path, alert()), "--telemetry", str(bundle), "--json")
    result = said.json[0]
    assert said.code == Exit.waiting
    assert said.err  # people see the work on stderr
    other = tmp_path / "text.md"
    other.write_text("Trouble at the shop\n\nWe look into it.\n")
    for waiting in result["waiting"]:
        assert waiting["kind"] == "text"  # nothing here can act
        here = (result["incident"], waiting["subject"])
        edited = warroom("edit", *here, "--file", str(other), "--anyway")
        assert edited.code == Exit.done
        assert warroom("approve", *here).code == Exit.bad_input  # it is another text now
        asked = warroom.store.ledger.waiting(result["incident"])
        assert warroom("approve", result["incident"], asked[-1].subject).code == Exit.done
    again = warroom("resume", result["incident"], "--json")
    assert again.json["waiting"] == []
    sent = warroom.home / "incidents" / result["incident"] / "messages"
    assert any("We look into it." in path.read_text() for path in sent.iterdir())
    assert not [p for p in sent.iterdir() for w in result["waiting"] if w["subject"] in p.name]


def test_alerts_of_one_service_in_one_delivery_are_one_incident(warroom, tmp_path):
    several = [
        alert("Slow", severity="warning"),
        alert("HighErrorRate"),
        alert("Slow", "catalog", severity="warning"),
    ]
    results = warroom("triage", written(tmp_path, several), "--json").json
    store = warroom.store
    documents = [store.load(result["incident"]) for result in results]
    worked = {document.alert.service: document for document in documents}
    assert set(worked) == {"checkout", "catalog"}
    assert worked["checkout"].alert.name == "HighErrorRate"  # the worst has the incident
    assert [joined.alert.name for joined in worked["checkout"].joined] == ["Slow"]


def test_the_same_alert_again_joins_the_running_incident(warroom, tmp_path, bundle):
    given = written(tmp_path, alert()), "--telemetry", str(bundle), "--json"
    first = warroom("triage", *given)
    assert first.code == Exit.waiting
    assert warroom("triage", *given).json[0]["incident"] == first.json[0]["incident"]
    assert len(warroom.store.incidents()) == 1


def test_the_same_alert_after_a_response_that_ended_unresolved_is_worked_anew(warroom, tmp_path):
    path = written(tmp_path, alert())
    first = warroom("triage", path, "--json")
    assert first.code == Exit.unresolved
    again = warroom("triage", path, "--json").json[0]["incident"]
    assert again != first.json[0]["incident"]
    assert warroom.store.load(again).related == [first.json[0]["incident"]]


def test_a_resolved_alert_of_nothing_opens_nothing(warroom, tmp_path):
    said = warroom("triage", written(tmp_path, alert(status="resolved")))
    assert said.code == Exit.done
    assert "no open incident" in said.out
    assert warroom.store.incidents() == []


def test_a_half_written_bundle_is_read_as_far_as_it_goes(warroom, tmp_path):
    root = write_shop(tmp_path / "half", Fault("errors", "checkout"))
    for file in root.rglob("*.jsonl"):
        data = file.read_bytes()
        file.write_bytes(data[: int(len(data) * 0.999)])  # ends inside a line
    said = warroom("triage", written(tmp_path, alert()), "--telemetry", str(root), "--json")
    assert said.code in (Exit.waiting, Exit.unresolved)
    assert said.json[0]["cause"]["service"] == "checkout"


def test_a_service_that_nobody_knows_is_a_gap(warroom, tmp_path, bundle):
    path = written(tmp_path, alert(service="teleporter"))
    result = warroom("triage", path, "--telemetry", str(bundle), "--json").json[0]
    assert any("teleporter" in gap["what"] for gap in result["gaps"])


def test_operations_that_cannot_be_used_are_named(warroom, tmp_path):
    said = warroom("triage", written(tmp_path, alert()), "--operations", "nowhere.json")
    assert said.code == Exit.bad_input
    assert "--operations" in said.err


def test_what_ended_unresolved_is_listed_and_taken_by_resume(warroom, tmp_path):
    incident = warroom("triage", written(tmp_path, alert()), "--json").json[0]["incident"]
    assert "handed over" in warroom("incidents").out
    taken = warroom("resume", incident)
    assert taken.code == Exit.unresolved
    assert "is yours now" in taken.out
    assert "handed over" not in warroom("incidents").out
    assert any("has taken it over" in e.text for e in warroom.store.load(incident).timeline)


def test_a_second_triage_with_other_telemetry_says_what_its_answer_rests_on(
    warroom, tmp_path, bundle
):
    path = written(tmp_path, alert())
    first = warroom("triage", path, "--telemetry", str(bundle), "--json").json[0]["incident"]
    evidence = len(warroom.store.load(first).evidence)
    other = write_shop(tmp_path / "other", Fault("hang", "payments"))
    said = warroom("triage", path, "--telemetry", str(other))
    assert said.code == Exit.waiting
    assert f"{first} of " in said.out
    assert f"{first} has this alert and goes on over" in said.out
    assert "warroom resume" in said.out
    assert len(warroom.store.load(first).evidence) == evidence
    assert recall(settings(), first).telemetry == bundle.resolve()
