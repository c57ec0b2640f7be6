"""`warroom memory …` and `warroom seen-before`, over a home of one's own."""

from pathlib import Path

import pytest

from warroom.tests.support.consoles import CommandLine, kept
from warroom.tests.support.incidents import at, full


@pytest.fixture
def warroom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> CommandLine:
    return CommandLine(tmp_path / "home", monkeypatch, capsys)


def test_what_ended_is_listed_found_again_and_forgotten(warroom: CommandLine):
    store = warroom.store
    for number in (1, 2):
        kept(store, full().model_copy(update={"id": f"INC-{number}"}))
    state = full().transitions[-1].model_copy(update={"at": at(200)}).state
    assert warroom("memory", "list").out == ""
    for number in (1, 2):
        for step in ("investigating", state.value):
            move = type(state)(step)
            store.update(
                f"INC-{number}", lambda doc, to=move: doc.move(to, at(300), "ann", "a test")
            )
    listed = warroom("memory", "list", "--json").json
    assert [one["id"] for one in listed] == ["INC-1", "INC-2"]
    found = warroom("seen-before", "INC-2")
    assert "INC-1, 2025-03-14" in found.out and "Alike by" in found.out
    assert warroom("memory", "forget", "INC-1", "--reason", "asked for").code == 0
    assert "nothing like it" in warroom("seen-before", "INC-2").out
    assert warroom("memory", "show", "INC-1").code == 3
    assert "taken out of 1" in warroom("memory", "redact", "bad deploy", "--reason", "a test").out
    assert "[taken out]" in warroom("memory", "show", "INC-2").out


def test_files_are_read_in_and_each_says_what_was_not_understood(warroom: CommandLine):
    folder = warroom.home.parent / "old"
    folder.mkdir()
    (folder / "a.md").write_text(
        "# Prices lost\n\nDate: 2024-11-29\n\n## Root cause\n\nA coupon.\n"
    )
    (folder / "b.md").write_bytes(b"\xff\xfe")
    said = " ".join(warroom("memory", "import", str(folder)).out.split())
    assert "a.md is PM-" in said and "not understood: severity, services, summary, actions" in said
    assert "b.md was left out" in said
    assert "imported and verified by nobody" in " ".join(warroom("memory", "list").out.split())
