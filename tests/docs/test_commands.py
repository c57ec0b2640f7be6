"""Every command that a document tells somebody to type: run here, or accounted for by a test that
runs it; one that there is not is an error."""

import io
import re
import shlex
import shutil
import sys
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from warroom.app.configuration_file import NAMED
from warroom.console.main import main
from warroom.record.store import Store
from warroom.settings import Settings
from warroom.telemetry.sample_bundle import write_sample
from warroom.tests.support.commands import commands, documents, inline, targets, unknown, wrong
from warroom.tests.support.consoles import kept
from warroom.tests.support.house import ROOT, named_and_missing
from warroom.tests.support.incidents import full

TABLE = yaml.safe_load((ROOT / "tests/cases/documented_commands.yaml").read_text("utf-8"))
NOT_RUN: dict[str, str] = TABLE["elsewhere"]
OUTSIDE: dict[str, str] = TABLE["outside"]
ENDS: dict[str, list[int]] = TABLE["ends"]
INCIDENT = "INC-1"
"""Whom INC stands for: `full` made it."""
EVERY = {str(document): list(commands(document)) for document in documents()}


def row(table: Iterable[str], text: str) -> str:
    """The longest beginning of the command that the table has; empty: none."""
    found = (known for known in table if f"{text} ".startswith(f"{known} "))
    return max(found, key=len, default="")


def ours(text: str) -> bool:
    return text.startswith("warroom ")


def run_here(text: str) -> bool:
    return ours(text) and not row(NOT_RUN, text)


def main_with(*words: str) -> tuple[object, str]:
    """What `warroom …` ended with and said, in this process."""
    out = io.StringIO()
    sys.argv = ["warroom", *words]
    with redirect_stdout(out), redirect_stderr(out), pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code or 0, out.getvalue()


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the documents think of one: a bundle, an incident, a runbook, a warroom.yaml."""
    folder = tmp_path_factory.mktemp("documents")
    write_sample(folder / "my-bundle")
    shutil.copy(folder / "my-bundle" / "alert.json", folder)
    text = (ROOT / "docs/runbooks.md").read_text("utf-8")
    (folder / "runbooks").mkdir()
    (folder / "runbooks" / "orders-fail.md").write_text(text.split("```")[1].partition("\n")[2])
    (folder / "warroom.yaml").write_text("runbooks: {folders: [runbooks]}\n")
    (folder / "home").mkdir(mode=0o700)
    kept(Store.open(Settings(home=folder / "home").database), full())
    return folder


@pytest.fixture
def folder(seeded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of it for one document, from above to below."""
    place = shutil.copytree(seeded, tmp_path / "here")
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.chdir(place)
    monkeypatch.setenv("WARROOM_HOME", str(place / "home"))
    monkeypatch.setenv(NAMED, str(place / "warroom.yaml"))


def words_of(text: str) -> list[str]:
    """As somebody would type it: with what stands for something replaced, without what may be left
    out and where the output goes."""
    text = re.sub(r"\[[^\]]*\]|>.*", "", text)
    text = re.sub(r"\bINC(?:-\S+)?(?=\s|$)", INCIDENT, text)
    return [
        {"DIR": "made", "NAME": "disk-full"}.get(w, w) for w in shlex.split(text, comments=True)
    ]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("document", [name for name in EVERY if any(map(run_here, EVERY[name]))])
def test_what_can_be_run_runs(document: str) -> None:
    failed = {}
    for text in filter(run_here, EVERY[document]):
        ended, said = main_with(*words_of(text)[1:])
        if ended not in ENDS.get(row(ENDS, text), [0]):
            failed[text] = (ended, said[-300:])
    assert failed == {}


@pytest.mark.parametrize("document", EVERY)
def test_no_command_and_no_option_is_unknown(document: str) -> None:
    told = [*filter(ours, EVERY[document]), *inline(Path(document))]
    assert {text: found for text in told if (found := unknown(text))} == {}


@pytest.mark.parametrize("document", EVERY)
def test_what_is_not_ours_is_there_or_accounted_for(document: str) -> None:
    lost = [text for text in EVERY[document] if not ours(text) and not accounted(text)]
    assert lost == []


def accounted(text: str) -> bool:
    """Whether it is a target of make, a module or a script of ours, or in the table."""
    words = [word for word in text.split() if not re.match(r"[A-Z_]+=", word)]
    if words[0] == "make":
        return {*words[1:]} <= targets()
    if words[0] == "python" and words[1] == "-m" and words[2].startswith("warroom."):
        return find_spec(words[2]) is not None
    if words[0] == "python" and words[1].endswith(".py"):
        return (ROOT / words[1]).is_file()
    return bool(row(OUTSIDE, " ".join(words)))


def test_what_is_run_elsewhere_names_the_test_and_is_still_written() -> None:
    written = [text for found in EVERY.values() for text in found]
    assert [known for known in NOT_RUN if not any(row(NOT_RUN, t) == known for t in written)] == []
    assert [known for known, why in NOT_RUN.items() if "`" not in why] == []
    assert named_and_missing("\n".join(NOT_RUN.values())) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("warroom show --markdown", ""),
        ("warroom record INC [--out DIR]", ""),
        ("warroom merge", ""),
        ("warroom shw", "shw"),
        ("warroom show --markdwn", "--markdwn"),
        ("warroom plan strat INC", "strat"),
    ],
)
def test_what_is_unknown(text: str, found: str) -> None:
    assert unknown(text) == found


def test_a_command_that_lacks_an_argument_cannot_be_typed() -> None:
    assert "subject" in wrong("warroom approve INC")
