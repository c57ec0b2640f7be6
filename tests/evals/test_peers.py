"""`warroom eval peers`: what a peer is shown, asked and counted by, and how that is told."""

import csv
import json
import os
import time
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from warroom.errors import InputError, ModelUnavailable
from warroom.evals.framework.runs import Method
from warroom.evals.peers import counting
from warroom.evals.peers.command import BARE, SEEN, grid, methods, twice
from warroom.evals.peers.counting import counted, tokens_of
from warroom.evals.peers.peer import FOLDER, PEERS, ask, place
from warroom.evals.peers.telemetry import filed, shown
from warroom.evals.rca.answers import Blamed, ModelWord, RcaAnswer
from warroom.evals.rca.cases import only, rca_cases
from warroom.evals.rca.results import RcaEvaluation, answered
from warroom.settings import Settings
from warroom.tests.support.consoles import CommandLine
from warroom.tests.support.rca_folder import DETECTED, logs, write_folder
from warroom.tests.support.scripted_endpoint import NAME, scripted

FAILED = (DETECTED + 10, "cart", "ERROR", 'price "x"\nfailed')
STAND_IN = """\
#!/usr/bin/env python3
# In the place of opensre: asks the endpoint once and blames whom its first metric file is of.
import json, os, pathlib, sys, urllib.request
given = json.loads(pathlib.Path(sys.argv[3]).read_text())
files = sorted(pathlib.Path(given["opensre_telemetry_dir"]).glob("metric/*.csv"))
asked = {"messages": [{"role": "user", "content": given["commonAnnotations"]["summary"]}]}
request = urllib.request.Request(
    os.environ["OPENAI_BASE_URL"] + "/chat/completions",
    json.dumps(asked).encode(),
    {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]},
)
urllib.request.urlopen(request).read()
known = [name for name in os.environ if "WARROOM" in name or "SECRET" in name]
cause = files[0].name.split("__")[0] + " is slow." if files else "It cannot be determined."
answer = {"root_cause": " ".join([*known, cause])}
pathlib.Path(sys.argv[5]).write_text(json.dumps(answer))
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "rca")


@pytest.fixture
def opensre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER, str(tmp_path / "peers"))
    program = place("opensre") / "bin" / "opensre"
    program.parent.mkdir(parents=True)
    program.write_text(STAND_IN)
    program.chmod(0o755)
    return program


def lines_of(root: Path, *rows: tuple[float, str, str, str]) -> None:
    logs(root / "cases/shop/a1", rows)


def configured(url: str) -> Settings:
    return Settings(model_base_url=url, model_key=SecretStr("s3cret"), model=NAME)


def case_of(root: Path, name: str, part=SEEN):
    return rca_cases(root, [name])[0].seen(part)


def test_a_recording_moves_as_one_block_to_end_now(root: Path, tmp_path: Path) -> None:
    lines_of(root, FAILED)
    found = shown(case_of(root, "shop"), tmp_path / "bundle")
    metrics, lines = (list(found.rows(what)) for what in ("metrics", "logs"))
    last = max(row["ts"] for row in [*metrics, *lines])
    assert last == pytest.approx(time.time(), abs=30)
    assert found.starts == DETECTED
    (error,) = (row for row in lines if row["level"] == "error")
    assert error["ts"] - (found.starts + found.shift) == pytest.approx(10)


def test_files_hold_a_series_each_and_the_logs_of_the_incident(root: Path, tmp_path: Path) -> None:
    lines_of(root, (DETECTED - 200, "web", "ERROR", "long ago"), FAILED)
    found = shown(case_of(root, "shop"), tmp_path / "bundle")
    with filed(found, tmp_path) as places:
        there = Path(places["telemetry"])
        series = {file.stem: list(csv.DictReader(file.open())) for file in there.glob("metric/*")}
        lines = list(csv.DictReader((there / "log/log.csv").open()))
    assert sorted(series) == ["cart__errors", "status_feed__error_pct", "web__errors"]
    assert [row["value"] for row in series["cart__errors"]][-1] == "50.0"
    assert {row["service"] for row in series["web__errors"]} == {"web"}
    assert [line["message"] for line in lines if line["level"] == "error"] == [FAILED[-1]]


def test_nothing_is_shown_with_the_alert_alone(root: Path, tmp_path: Path) -> None:
    found = shown(case_of(root, "shop", only()), tmp_path / "bundle")
    assert [*found.rows("metrics"), *found.rows("logs")] == []
    assert found.alert["service"] == "web"


def test_calls_and_tokens_are_counted_and_the_key_stays_with_the_proxy() -> None:
    ask = {"model": NAME, "messages": [{"role": "user", "content": "ROOT_CAUSE: ?"}]}
    with scripted() as server, counted(configured(server.url)) as meter:
        sent = {"json": ask, "headers": {"Authorization": "Bearer counted"}}
        for extra in ({}, {"stream": True}):
            sent["json"] = ask | extra
            answer = httpx.post(f"{meter.url}/chat/completions", **sent)
            assert "cannot be determined" in answer.text
        assert httpx.get(f"{meter.url}/models").json()["data"][0]["id"] == NAME
        streamed = tokens_of(answer.text)
    assert streamed > 0
    assert (meter.calls, meter.tokens) == (2, 140 + streamed)
    assert server.keys == {"Bearer s3cret"}


def test_what_is_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "TOKENS", 100)
    ask = {"model": NAME, "messages": [{"role": "user", "content": "hello"}]}
    with scripted() as server, counted(configured(server.url)) as meter:
        said = [httpx.post(f"{meter.url}/chat/completions", json=ask) for _ in range(2)]
    assert [answer.status_code for answer in said] == [200, 400]
    assert "used up" in said[1].text and len(server.seen) == 1


def test_a_peer_runs_in_a_home_of_its_own_and_is_told_when(
    root: Path, opensre: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARROOM_SECRET", "x")
    with scripted() as server:
        (answer,) = ask("opensre", configured(server.url), case_of(root, "bare"))
        (bare,) = ask("opensre", configured(server.url), case_of(root, "bare", only()))
    assert answer.scores == {"db": 1.0}
    assert answer.blamed[0].reasons[0].text == "db is slow."  # no variable of ours stands before
    assert answer.heard and (answer.heard.calls, answer.heard.tokens) == (1, 140)
    assert bare.scores == {}
    question = server.seen[0]["messages"][0]["content"]
    assert time.strftime("An alert fired at %Y-%m-%dT", time.gmtime()) in question
    assert "ms of web is not as it should be" in question


def test_who_ends_without_an_answer_says_nothing_about_itself(root: Path, opensre: Path) -> None:
    opensre.write_text("#!/bin/sh\necho no such model >&2; exit 1\n")
    with scripted() as server, pytest.raises(ModelUnavailable, match="no such model"):
        ask("opensre", configured(server.url), case_of(root, "bare"))


def test_who_is_not_set_up_is_told_how(root: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    with scripted() as server, pytest.raises(ModelUnavailable, match="warroom eval peers setup"):
        ask("holmesgpt", configured(server.url), case_of(root, "bare"))


def test_without_an_endpoint_ours_answer_and_the_others_have_a_reason(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    warroom = CommandLine(tmp_path / "home", monkeypatch, capsys)
    file = tmp_path / "runs.json"
    asked = ["--method", "first,errors,change,model,holmesgpt,opensre", "--json", str(file)]
    said = warroom("eval", "peers", "--cases", str(root), "--set", "shop", *asked)
    assert said.code == 0
    for name in ("model", "holmesgpt", "opensre"):
        assert (
            f"unscored: {name}: no endpoint is configured: set WARROOM_MODEL_BASE_URL" in said.out
        )
    runs = json.loads(file.read_text())["runs"]
    assert {run["method"] for run in runs if run["marks"]} == {
        name + words for name in ("first", "errors", "change") for words in ("", BARE)
    }


def test_right_overclaimed_and_what_it_took(root: Path) -> None:
    heard = ModelWord(model="m", tokens=900, calls=3)
    hedged = [Blamed(service="web", kind="", confidence=0.5)]

    def sure(case):
        return [RcaAnswer(scores={"cart": 1}, heard=heard)]

    def careful(case):
        found = {"cart": 1.0} if case.file("metrics.csv.gz") else {"web": 1.0}
        return [RcaAnswer(scores=found, blamed=[] if "cart" in found else hedged)]

    def both(case):
        return [RcaAnswer(scores={"cart": 1, "web": 1})]

    asked = [Method("sure", sure), Method("careful", careful), Method("both", both)]
    cases = rca_cases(root, ["shop"])
    runs = answered(cases, [one for method in asked for one in twice(method)], root)
    found = RcaEvaluation(runs=list(runs))
    rows = {row[0]: row[1:] for row in grid(found, fake=False).rows}
    assert [row[1][:5] for row in rows.values()] == ["1.000", "1.000", ".000 "]
    assert [row[3][:5] for row in rows.values()] == ["1.000", ".000 ", ".000 "]
    assert rows["sure"][4:6] == ["3", "900"]
    shown_of_a_fake = grid(found, fake=True)
    assert "FAKE" in shown_of_a_fake.title
    assert all(row[2:5] == ["·"] * 3 for row in shown_of_a_fake.rows)


def test_what_takes_no_thought(root: Path) -> None:
    first, errors = methods(Settings(), "first, errors")
    assert first.answer(case_of(root, "shop", only()))[0].scores == {"cart": 1.0}
    lines_of(root, FAILED, (DETECTED + 12, "web", "INFO", "error free"))
    assert errors.answer(case_of(root, "shop"))[0].scores == {"cart": 1}
    with pytest.raises(
        InputError, match="nobody is called 'holmes'; there are: floor, model, holm"
    ):
        methods(Settings(), "holmes")


@pytest.mark.conformance
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PEERS)
def test_the_real_one_sees_what_it_is_shown_and_nothing_else(name: str, root: Path) -> None:
    assert place(name).is_dir(), "warroom eval peers setup"
    with scripted() as server:
        (answer,) = ask(name, configured(server.url), case_of(root, "shop"))
        (bare,) = ask(name, configured(server.url), case_of(root, "shop", only()))
    assert {*answer.scores} <= {"cart", "web", "status-feed"} and answer.scores
    assert bare.scores == {}
    assert answer.heard and answer.heard.calls >= 2
    assert os.environ.get("OPENAI_API_KEY") is None or server.keys == {"Bearer s3cret"}
