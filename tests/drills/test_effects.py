"""Effects on what can be had without a shop: processes, files, links, the supervisor's calls."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from warroom.drills.effects.changes import Config, Load
from warroom.drills.effects.processes import Environment, Kill, LinkEffect, Rotate, Stop
from warroom.drills.layout import Layout
from warroom.drills.link import Line
from warroom.drills.repositories import ConfigurationRepository
from warroom.drills.traffic import Steering


class Supervision:
    """Knows one process by every name, and writes down what it is asked."""

    def __init__(self, pid: int) -> None:
        self.of, self.asked = pid, []

    def pid(self, _program: str) -> int:
        return self.of

    def call(self, method: str, *arguments: str) -> dict[str, int]:
        self.asked.append((method, *arguments))
        return {"pid": self.of}


class Place:
    """A run's folders and one process, where a shop would be."""

    def __init__(self, root: Path, process: subprocess.Popen) -> None:
        self.layout = Layout.create(root, ["payments", "payments->database"])
        self.telemetry = self.layout.telemetry
        self.configuration = ConfigurationRepository(self.layout)
        self.supervision = Supervision(process.pid)
        self.processes = [process]
        self.steered: list[dict[str, Any]] = []

    def load(self, **steering: Any) -> None:
        self.steered.append(steering)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Any]:
    process = subprocess.Popen([sys.executable, "-c", "input()", "exporter"], stdin=subprocess.PIPE)
    while "exporter" not in psutil.Process(process.pid).cmdline():
        pass  # the kernel shows what a process was started with a moment after it was
    yield Place(tmp_path, process)
    process.kill()
    process.communicate()


@pytest.mark.parametrize("named", [{"program": "payments-1"}, {"module": "exporter"}])
def test_a_process_stands_still_and_goes_on(place, named):
    process = psutil.Process(place.supervision.of)
    switch = Stop(kind="stop", **named).begin(place)
    switch.on(1)
    while process.status() != psutil.STATUS_STOPPED:
        pass
    switch.off()
    while process.status() == psutil.STATUS_STOPPED:
        pass
    assert process.status() != psutil.STATUS_STOPPED


def test_another_process_than_the_stopped_one_is_left_alone(place):
    switch = Stop(kind="stop", program="payments-1").begin(place)
    place.processes[0].kill()
    place.processes[0].wait()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as successor:
        place.supervision.of = successor.pid
        switch.on(1)  # whoever replaced it has cured it
        assert psutil.Process(successor.pid).status() != psutil.STATUS_STOPPED
        successor.kill()


def test_a_process_dies_each_time_and_none_is_no_error(place):
    switch = Kill(kind="kill", program="payments-1").begin(place)
    switch.on(1)
    assert place.processes[0].wait(60) == -9
    switch.on(1)


def test_a_program_is_started_again_with_another_environment(place):
    conf = place.layout.root / "supervisor.conf"
    conf.write_text('[program:login-1]\nenvironment=SHOP_POOL_SIZE="4"\n')
    Environment(kind="environment", program="login-1", set={"SHOP_POOL_SIZE": "six"}).begin(
        place
    ).on(1)
    assert 'SHOP_POOL_SIZE="six"' in conf.read_text()
    assert [method for method, *_ in place.supervision.asked] == [
        "reloadConfig",
        "stopProcess",
        "removeProcessGroup",
        "addProcessGroup",
    ]


def test_a_clock_is_behind_in_the_process_alone(place):
    conf = place.layout.root / "supervisor.conf"
    conf.write_text('[program:login-1]\nenvironment=A="1"\n')
    Environment(kind="environment", program="login-1", behind_s=47).begin(place).on(1)
    folder = place.layout.root / "host"
    assert f'PYTHONPATH="{folder}"' in conf.read_text()
    said = "import time; print(time.time(), time.time_ns(), time.monotonic())"
    told = {"PYTHONPATH": str(folder)}, {}
    behind, right = (
        subprocess.check_output([sys.executable, "-c", said], env=env, text=True).split()
        for env in told
    )
    assert float(behind[0]) < float(right[0]) - 46
    assert int(behind[1]) < int(right[1]) - 46 * 10**9


def test_a_log_goes_on_in_the_file_that_was_moved_away(place):
    folder = place.telemetry / "logs"
    folder.mkdir()
    with (folder / "payments-1.jsonl").open("a") as log:
        Rotate(kind="rotate", program="payments-1").begin(place).on(1)
        log.write("{}\n")
    assert not list(folder.iterdir())
    assert (place.layout.output / "payments-1.jsonl.1").read_text() == "{}\n"


def test_a_link_gets_its_line_at_a_strength_and_a_good_one_back(place):
    file = place.layout.line_file("payments")
    switch = LinkEffect(kind="link", link="payments", line=Line(delay_s=0.8)).begin(place)
    switch.on(0.5)
    assert Line.load(file) == Line(delay_s=0.4)
    switch.off()
    assert Line.load(file) == Line()


def test_a_link_may_lead_to_another_service_or_break_for_a_share(place):
    wrong = LinkEffect(kind="link", link="payments", answered_by="inventory").begin(place)
    wrong.on(1)
    file = place.layout.line_file("payments")
    assert Line.load(file).port == place.layout.far_end("inventory")
    half = LinkEffect(kind="link", link="payments", line=Line(reset=True, share=0.6)).begin(place)
    half.on(0.5)
    assert Line.load(file).share == 0.3


def test_a_laid_link_stands_between_callers_and_what_they_call(place):
    layout = place.layout
    assert layout.links == ["payments", "payments->database"]
    assert layout.near_end("payments") == layout.ports["link-payments"]
    assert layout.far_end("payments") == layout.of("payments")[0].port
    assert layout.far_end("payments->database") == layout.ports["database"]
    assert layout.near_end("login->database") == layout.ports["database"]
    endpoints = place.configuration.first()["endpoints.json"]
    assert endpoints["payments"][0]["url"].endswith(str(layout.near_end("payments")))
    assert endpoints["login"][0]["url"] == layout.of("login")[0].url


def test_a_commit_is_written_where_it_says_and_taken_back(place):
    place.configuration.create()
    switch = Config(
        kind="config",
        file="endpoints.json",
        path=["payments", "0", "url"],
        value='"http://127.0.0.1:$nowhere"',
        message="Move payments to its new address",
        author="Platform team <platform@shop.example>",
    ).begin(place)
    before = place.configuration.read("endpoints.json")
    switch.on(1)
    assert place.configuration.read("endpoints.json") != before
    switch.off()
    assert place.configuration.read("endpoints.json") == before
    log = place.configuration.repository.run("log", "--format=%s").splitlines()
    assert log[:2] == [
        'Revert "Move payments to its new address"',
        "Move payments to its new address",
    ]


def test_traffic_goes_with_the_strength(place):
    switch = Load(kind="load", steer=Steering(surge={"search": 12})).begin(place)
    switch.on(0.5)
    switch.off()
    assert place.steered == [{"surge": {"search": 6.0}}, {"surge": None}]


def test_a_line_file_is_plain_json(place):
    LinkEffect(kind="link", link="payments", line=Line(refuse=True)).begin(place).on(1)
    assert json.loads(place.layout.line_file("payments").read_text())["refuse"] is True
