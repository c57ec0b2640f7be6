"""The five examples of docs/extending.md, taken from there, installed and run; one that fails."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from warroom import graph, plugins
from warroom.actions.catalogue import checked
from warroom.actions.services import Scale
from warroom.agents import steps
from warroom.incident.communication import of_ours
from warroom.incident.timeline import utc_now
from warroom.notify.channels import Channels
from warroom.notify.configuration import Notifications
from warroom.plugins import GROUPS, brought
from warroom.response import Response
from warroom.state import IncidentState
from warroom.targets.operations import Operations
from warroom.telemetry.model import Window
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.registry import connected
from warroom.telemetry.sources.source import EVERYTHING, Budget, SourceQuery
from warroom.tests.support.benches import shop_bench
from warroom.tests.support.consoles import CommandLine
from warroom.tests.support.plugged import BROKEN, examples, install
from warroom.tests.support.responses import alert, room_over
from warroom.tools.base import REGISTRY


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    place = tmp_path / "installed"
    place.mkdir()
    install(place, BROKEN)
    monkeypatch.syspath_prepend(place)
    plugins.plugins.cache_clear()
    yield place
    plugins.plugins.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "acme"]:
        del sys.modules[name]
    REGISTRY.pop("busiest_services", None)


def test_each_example_fits_on_a_page():
    found = examples()
    assert set(found) == {f"acme/{group}.py" for group in GROUPS}
    lines = [[line for line in text.splitlines() if line] for text in found.values()]
    assert max(map(len, lines)) <= 30


def test_a_source_is_a_kind_of_datasource(folder: Path):
    (folder / "all.json").write_text(json.dumps({"logs": [{"service": "cart", "ts": 5.0}]}))
    where = Datasource.model_validate(
        {"name": "own", "type": "example", "url": str(folder / "all.json")}
    )
    (logs,) = [one for one in connected([where]) if one.modality == "logs"]
    asked = SourceQuery(EVERYTHING, Window(0.0, 10.0), Budget())
    assert logs.read(asked).rows == 1
    with pytest.raises(ValueError, match="prometheus"):
        Datasource.model_validate({"name": "own", "type": "exampel", "url": "http://x"})


def test_a_target_is_offered_and_acted_on(folder: Path):
    (folder / "operations.json").write_text('{"acme": {"web": 2}}')
    system = Operations.load(folder / "operations.json")
    assert system.inventory().offered == [Scale.kind]
    action = checked("scale", "web", {"instances": 3}, system.inventory())
    receipt = system.perform(action)
    assert len(system.inventory().services["web"].instances) == 3
    system.undo(action, receipt.model_dump(mode="json"))
    assert len(system.inventory().services["web"].instances) == 2


def test_a_tool_answers_in_rows(folder: Path, tmp_path: Path):
    assert "busiest_services" in brought("tools")
    answer = shop_bench(tmp_path, "hang", "payments").call("busiest_services")
    assert answer.rows and "services" in answer.summary
    assert REGISTRY["busiest_services"].offered == ("debugger",)


def test_a_specialist_works_in_its_phase(folder: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(steps, "STEPS", (*steps.STEPS, brought("specialists")["scribe"]))
    context = room_over(tmp_path / "home")
    with Response(context) as response:
        incident, _ = response.take(alert())
    state = IncidentState(incident_id=incident)
    list(graph.learn().stream(state, context=context, stream_mode="custom"))
    document = context.store.load(incident)
    (minutes,) = [report for report in document.reports if report.specialist == "scribe"]
    assert minutes.summary.endswith("lines of minutes")


def test_a_notifier_takes_an_address_of_its_own(folder: Path):
    (folder / "url").write_text("pager://box")
    channel = {"name": "pager", "url_file": folder / "url", "carries": ["chat"]}
    told = Notifications.model_validate({"channels": [channel]})
    message = of_ours("test", ["pager"], "Cart fails", "It does.", utc_now())
    Channels(told).send("pager", message, "test:1")
    assert "Cart fails" in (folder / "box").read_text()


def test_doctor_lists_them_and_names_what_fails(folder: Path, tmp_path, monkeypatch, capsys):
    run = CommandLine(tmp_path / "home", monkeypatch, capsys)
    said = run("doctor")
    assert "acme 1.2" in said.out and "busiest_services" in said.out
    words = " ".join(said.out.split())
    assert "broken warroom.sources cannot be loaded: ModuleNotFoundError" in words


@pytest.mark.parametrize(
    "raised", ["class Odd(Exception): ...\nraise Odd('x')", "raise SystemExit(3)"]
)
def test_whatever_it_raises_its_caller_goes_on(folder: Path, raised: str):
    (folder / "acme" / "gone.py").write_text(raised)
    (found,) = [one for one in plugins.plugins("sources") if one.name == "broken"]
    assert found.fault.startswith("cannot be loaded: ")
    assert "example" in brought("sources")


def test_a_process_finds_them_by_itself(folder: Path):
    asks = (
        "import warroom.tools; from warroom.tools.base import REGISTRY;"
        "from warroom.agents.steps import STEPS;"
        "print(STEPS[-1].specialist, 'busiest_services' in REGISTRY)"
    )
    found = subprocess.run(
        [sys.executable, "-c", asks],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout.startswith("scribe True"), found.stderr
