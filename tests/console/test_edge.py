"""The edges of a terminal: what was typed too early, and what the disk refuses."""

import errno
import os
import pty
import sys

import pytest

from warroom.console.closing import where
from warroom.console.commander import Prompt
from warroom.console.exits import Exit, report
from warroom.tests.support.consoles import context, paper, printed


def test_what_was_typed_before_the_question_is_no_answer(tmp_path, monkeypatch):
    leader, follower = pty.openpty()
    with os.fdopen(follower, "r") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        os.write(leader, b"a\n")  # typed ahead
        prompt = Prompt(paper(), context(tmp_path / "home"))

        def shown(*_question: object, **_how: object) -> None:
            os.write(leader, b"r\n")  # typed after the flush, when the question is there

        monkeypatch.setattr(prompt.console, "print", shown)
        assert prompt.ask("approve? ").strip() == "r"
    os.close(leader)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "make room"),
        (errno.ENOENT, "put it back"),
        (errno.EACCES, "give yourself the right"),
    ],
)
def test_what_the_system_refuses_is_a_sentence_with_what_to_do(number, words, capsys):
    code = report(OSError(number, os.strerror(number), "spool/logs.jsonl"))
    said = capsys.readouterr().err
    assert code is Exit.failed
    assert words in said
    assert "spool/logs.jsonl" in said
    assert "unexpected" not in said


def test_a_file_that_lies_elsewhere_is_shown_with_its_whole_path(tmp_path):
    """A drill's messages lie apart: under the incident's folder nobody would find them."""
    incident, apart = tmp_path / "incidents" / "INC-1", tmp_path / "drills" / "messages" / "INC-1"
    files = [incident / "incident.md", incident / "charts" / "a.svg", apart / "mail.md"]
    console = paper(width=300)
    where(console, files)
    lines = [line.strip() for line in printed(console).splitlines()]
    assert lines[-3:] == ["incident.md", "charts/ a.svg", f"{apart}/ mail.md"]
