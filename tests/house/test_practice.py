"""Every line of the practice, §1 to §12, in docs/practice.md: what it says is held can be run or
opened, and a test that exists holds it."""

import re

import pytest

from warroom.tests.support.commands import wrong
from warroom.tests.support.house import NAMED, ROOT, named_and_missing
from warroom.tests.support.routes import routes
from warroom.tests.support.services import asked

PAGE = (ROOT / "docs/practice.md").read_text(encoding="utf-8")
SECTIONS = {
    int(number): text
    for number, text in re.findall(r"^## §(\d+)[^\n]*\n(.+?)(?=^## |\Z)", PAGE, re.M | re.S)
}
ROW = re.compile(r"\| (?!says|---)(.+?) \| (.+?) \| (.+?) \| (held|missing.*|partly: .+) \|")
COMMAND, ADDRESS = re.compile(r"`((?:warroom|make) ?[^`]*)`"), re.compile(r"`(/[^`]*)`")


def rows(text: str = PAGE) -> list[tuple[str, ...]]:
    """(what it says, how it is seen, its tests, its state) of each row."""
    return ROW.findall(text)


@pytest.mark.parametrize("number", range(1, 13))
def test_a_section_has_rows_and_every_row_a_state(number: int) -> None:
    lines = [line for line in SECTIONS[number].splitlines() if line.startswith("| ")]
    lines = [line for line in lines if not line.startswith(("| says", "| ---"))]
    assert len(lines) >= 5
    assert [line for line in lines if not ROW.fullmatch(line)] == []


def test_what_is_held_can_be_seen_and_has_a_test() -> None:
    claimed = [row for row in rows() if not row[3].startswith("missing")]
    assert len(claimed) > 100
    shown = [says for says, seen, *_ in claimed if COMMAND.search(seen) or ADDRESS.search(seen)]
    assert [says for says, *_ in claimed if says not in shown] == []
    assert [says for says, _, tests, _ in claimed if not NAMED.search(tests)] == []


def test_its_tests_exist() -> None:
    assert named_and_missing(PAGE) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("warroom show --markdown", ""),
        ("warroom show --markdwn", "such option"),
        ("warroom shw", "such command"),
        ("warroom approve INC", "subject"),
        ("make coffee", "target"),
    ],
)
def test_what_counts_as_a_command(text: str, why: str) -> None:
    assert why in wrong(text) and bool(wrong(text)) is bool(why)


def test_its_commands_can_be_typed() -> None:
    found = {command for _, seen, *_ in rows() for command in COMMAND.findall(seen)}
    assert len(found) > 20
    assert {text: why for text in sorted(found) if (why := wrong(text))} == {}


def test_its_pages_are_there(tmp_path) -> None:
    with asked(tmp_path / "home") as service:
        known = [re.sub(r"\{[^}]+\}", "[^/]+", one.path) for one in routes(service[""].app)]
    found = {address for _, seen, *_ in rows() for address in ADDRESS.findall(seen)}
    assert len(found) > 10
    assert {one for one in found if not any(re.fullmatch(path, one) for path in known)} == set()
