"""The edges of a terminal: what was typed too early, and what the disk refuses."""

import errno
import os
import pty
import sys

import pytest

from warroom.console.commander import Prompt
from warroom.console.exits import Exit, report
from warroom.tests.support.consoles import context, paper


def test_what_was_typed_before_the_question_is_no_answer(tmp_path, monkeypatch):
    leader, follower = pty.openpty()
    with os.fdopen(follower, "r") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        os.write(leader, b"a\n")  # typed ahead
        prompt = Prompt(paper(), context(tmp_path / "home"))

        def answer(question: str) -> str:
            os.write(leader, b"r\n")  # typed after the flush, when the question is there
            return terminal.readline().strip()

        monkeypatch.setattr(prompt.console, "input", answer)
        assert prompt.ask("approve? ") == "r"
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
