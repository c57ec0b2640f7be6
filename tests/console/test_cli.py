"""The command line: exit codes, one clear line for bad input, the record after a restart."""

import importlib.metadata
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError

import pytest

from warroom.actions.services import RollBack
from warroom.console.drill import seeds_of
from warroom.console.exits import Exit
from warroom.incident.document import Incident
from warroom.telemetry.bundle import read_bundle
from warroom.tests.support.bundles import BundleWriter
from warroom.tests.support.consoles import CommandLine, asked, kept
from warroom.tests.support.house import ROOT
from warroom.tests.support.incidents import declared, full, noise
from warroom.tests.support.responses import HANGS, alert
from warroom.tests.support.shop_bundle import write_shop


@pytest.fixture
def warroom(tmp_path, monkeypatch, capsys):
    return CommandLine(tmp_path / "home", monkeypatch, capsys)


def one_line(said) -> str:
    """The error: one line on stderr, no traceback, nothing on stdout."""
    assert said.out == ""
    lines = said.err.strip().splitlines()
    assert len(lines) == 1
    assert "Traceback" not in said.err
    return lines[0]


def test_the_version_is_the_projects(warroom):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    said = warroom("--version")
    assert (said.code, said.out, said.err) == (Exit.done, f"warroom {project['version']}\n", "")


def test_without_an_installation_there_is_no_version(warroom, monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    said = warroom("--version")
    assert said.code == Exit.not_found
    assert "install it" in one_line(said)


def test_no_incident_yet(warroom):
    assert "no incidents yet" in warroom("incidents").out
    assert warroom("incidents", "--json").json == []
    said = warroom("show")
    assert said.code == Exit.not_found
    assert "warroom triage" in one_line(said)


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        (("surprise",), "--seed N"),
        (("bad-flag", "--seed", "3"), "warroom drill surprise"),
        (("surprise", "--seeds", "9-3"), "--seeds 1-24"),
        (("surprise", "--seeds", "all"), "--seeds 1-24"),
    ],
)
def test_a_surprise_needs_its_seeds_and_nothing_else_has_any(warroom, arguments, cure):
    said = warroom("drill", *arguments, "--approve-as-drill-commander")
    assert said.code == Exit.bad_input
    assert cure in one_line(said)


def test_seeds_come_one_by_one_and_as_a_span():
    assert seeds_of([7, 3], "") == (7, 3)
    assert seeds_of([99], "1-3") == (99, 1, 2, 3)


@pytest.mark.parametrize("columns", ["60", "80", "120"])
def test_an_id_in_the_list_can_be_copied(warroom, monkeypatch, columns):
    incident = kept(warroom.store, full())
    monkeypatch.setenv("COLUMNS", columns)
    text = warroom("incidents").out
    assert incident.id in text
    assert incident.severity and incident.severity.value in text


def test_a_home_that_cannot_be_written_is_named(warroom, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WARROOM_HOME", str(tmp_path / "file" / "home"))
    said = warroom("incidents")
    assert said.code == Exit.bad_input
    assert "name a directory" in one_line(said)


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "INC-9"),
        ("postmortem", "INC-9"),
        ("resume", "INC-9"),
        ("approve", "INC-9", "abc"),
        ("reject", "INC-9", "abc", "--reason", "no"),
    ],
)
def test_an_unknown_incident(warroom, arguments):
    said = warroom(*arguments)
    assert said.code == Exit.not_found
    assert "warroom incidents" in one_line(said)


def test_an_incident_is_shown_from_the_record(warroom):
    document = kept(warroom.store, full())
    text = warroom("show").out
    assert "(SEV-1, critical)" in text
    asked = "respond within 15 min, restore within 1 h"
    assert asked in " ".join(text.split())
    for expected in (document.id, "P0", "roll back checkout", "better", "bad deploy at checkout"):
        assert expected in text
    assert Incident.model_validate_json(warroom("show", document.id, "--json").out) == document
    assert warroom("show", document.id, "--markdown").out.startswith("# ")
    row = warroom("incidents", "--json").json[0]
    assert (row["id"], row["severity"], row["state"]) == (document.id, "P0", "resolved")


def test_a_postmortem_comes_when_it_is_drafted(warroom):
    kept(warroom.store, declared())
    said = warroom("postmortem")
    assert said.code == Exit.not_found
    assert "warroom resume" in one_line(said)


def test_a_figure_of_our_own_rules_is_told_as_people_say_it(warroom, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    kept(warroom.store, full().model_copy(update={"title": "gateway fails 123.7m of requests"}))
    for said in (warroom("show"), warroom("incidents")):
        assert "gateway fails 12% of requests" in said.out


def test_text_of_others_cannot_steer_the_terminal(warroom, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    document = noise()
    document.title = "evil \x1b[31mred\x1b[0m [bold]title[/bold] \u202eback"
    kept(warroom.store, document)
    for said in (warroom("show"), warroom("incidents")):
        assert "\x1b" not in said.out
        assert "\u202e" not in said.out
        assert "[bold]title[/bold]" in said.out


def test_narrow_screens_and_log_files_get_whole_lines(warroom, monkeypatch):
    kept(warroom.store, full())
    for width in (60, 80, 160):
        monkeypatch.setenv("COLUMNS", str(width))
        lines = [line for line in warroom("show").out.splitlines() if "$ warroom" not in line]
        assert max(len(line) for line in lines) <= width


def test_an_approval_counts_once(warroom):
    store = warroom.store
    document = kept(store, full())
    request = asked(store, document)
    said = warroom("approve", document.id, request.subject, "--by", "lead on duty", "--json")
    assert said.code == Exit.done
    assert said.json["verdict"] == "approved"
    decision = store.ledger.decision(document.id, request.subject)
    assert decision is not None
    assert decision.by == "lead on duty"
    again = warroom("approve", document.id, request.subject)
    assert again.code == Exit.bad_input
    assert "already approved" in one_line(again)


def test_a_hash_that_was_never_asked_is_not_found(warroom):
    document = kept(warroom.store, full())
    said = warroom("approve", document.id, "000000000000")
    assert said.code == Exit.not_found
    assert "warroom show" in one_line(said)


def test_a_rejection_carries_its_reason(warroom):
    store = warroom.store
    document = kept(store, full())
    request = asked(store, document)
    assert warroom("reject", document.id, request.subject, "--reason", " ").code == Exit.bad_input
    assert warroom("reject", document.id, request.subject, "--reason", "too wide").code == Exit.done
    decision = store.ledger.decision(document.id, request.subject)
    assert decision is not None
    assert (decision.verdict.value, decision.reason) == ("rejected", "too wide")


def test_an_edit_that_does_not_fit_is_refused_and_nothing_is_decided(warroom):
    store = warroom.store
    document = kept(store, full())
    request = asked(store, document)
    assert document.proposals[-1].kind == RollBack.kind
    said = warroom("approve", document.id, request.subject, "--edit", "speed=9")
    assert said.code == Exit.bad_input
    assert "no parameter 'speed'" in one_line(said)
    assert store.ledger.decision(document.id, request.subject) is None


def test_a_drill_needs_a_person_or_the_flag_that_says_it_is_a_drill(warroom):
    said = warroom("drill", "bad-deploy")
    assert said.code == Exit.bad_input
    assert "--approve-as-drill-commander" in one_line(said)


def test_drills_are_listed_and_unknown_ones_named(warroom):
    names = [row["name"] for row in warroom("drill", "--list", "--json").json]
    assert len(names) == 19
    text = warroom("drill", "--list").out
    assert all(name in text for name in names)
    said = warroom("drill", "meteor", "--approve-as-drill-commander")
    assert said.code == Exit.not_found
    assert "bad-deploy" in one_line(said)


def test_settings_that_cannot_be_read_are_named(warroom, monkeypatch):
    monkeypatch.setenv("WARROOM_APPROVAL_MINUTES", "soon")
    said = warroom("incidents")
    assert said.code == Exit.bad_input
    assert "WARROOM_APPROVAL_MINUTES" in one_line(said)


def test_a_store_that_is_no_database_is_one_line(warroom):
    warroom.home.mkdir()
    (warroom.home / "warroom.db").write_text("not a database " * 100)
    said = warroom("incidents")
    assert said.code == Exit.failed
    assert "move it away" in one_line(said)


def test_what_nobody_expected_is_written_down(warroom, monkeypatch):
    monkeypatch.setattr("warroom.console.show.listing", None)  # any bug of ours
    said = warroom("incidents")
    assert said.code == Exit.failed
    assert "details are in" in one_line(said)
    assert "Traceback" in next(warroom.home.glob("warroom-error-*.txt")).read_text()


def test_help_needs_neither_langgraph_nor_numpy():
    code = (
        "import sys; from warroom.console.main import main\n"
        "sys.argv = ['warroom', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "slow = {'langgraph', 'numpy', 'duckdb', 'openai', 'sqlalchemy'} & set(sys.modules)\n"
        "sys.exit(str(sorted(slow)) if slow else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "postmortem" in done.stdout


def test_no_color_and_no_terminal_leave_plain_text(tmp_path):
    environment = {"WARROOM_HOME": str(tmp_path), "NO_COLOR": "1", "PATH": "/usr/bin:/bin"}
    code = "import sys; sys.argv = ['warroom', 'drill', '--list']\n"
    code += "from warroom.console.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0
    assert "\x1b" not in done.stdout


def test_the_last_minutes_are_kept_as_a_bundle_that_is_triaged_again(warroom, tmp_path):
    live, kept_in = write_shop(tmp_path / "live", seconds=90), tmp_path / "kept"
    said = warroom("record", str(live), str(kept_in), "--minutes", "1")
    assert (said.code, said.err) == (Exit.done, "") and "1 minutes of telemetry" in said.out
    part = read_bundle(kept_in).coverage()
    measured = next(one for one in part if one.modality == "metrics")
    assert measured.start is not None and measured.end is not None
    assert 55 <= measured.end - measured.start <= 60
    assert one_line(warroom("record", str(live), str(kept_in))).endswith("name another folder")


def test_nothing_is_recorded_of_an_empty_bundle(warroom, tmp_path):
    BundleWriter(tmp_path / "live")
    said = warroom("record", str(tmp_path / "live"), str(tmp_path / "kept"))
    assert said.code == Exit.bad_input and "holds no telemetry yet" in one_line(said)


@pytest.mark.parametrize("after", [0, 3])
def test_an_interruption_says_so_and_how_to_go_on(warroom, tmp_path, monkeypatch, after):
    """Once Ctrl-C in the first step made an incident unworkable for good."""
    bundle = write_shop(tmp_path / "bundle", HANGS)
    file = tmp_path / "alert.json"
    file.write_text(alert().model_dump_json())
    shown = []

    def interrupted(self, event):
        shown.append(event)
        if len(shown) > after:
            raise KeyboardInterrupt

    with monkeypatch.context() as pressed:
        pressed.setattr("warroom.console.triage.Live.__call__", interrupted)
        said = warroom("triage", str(file), "--telemetry", str(bundle))
    (row,) = warroom.store.incidents()
    assert said.code == Exit.interrupted
    assert f"stopped; `warroom resume {row.id}` goes on" in said.out
    standing = warroom.store.work.standing(row.id)
    assert standing and standing.owner is None
    resumed = warroom("resume", row.id)
    assert resumed.code == Exit.waiting, resumed.out
    assert len(warroom.store.load(row.id).reports) >= 8
