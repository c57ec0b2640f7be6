"""Each row of docs/reliability.md names tests that are there; tests/reliability/ has no others."""

import re
from pathlib import Path

from warroom.tests.support.house import ROOT

ROWS = (ROOT / "docs/reliability.md").read_text()
NAMED = set(re.findall(r"`([\w/]+/test_\w+\.py)(?:::(\w+))?`", ROWS))


def functions_of(path: Path) -> set[str]:
    return set(re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE))


def test_every_row_names_a_test_that_is_there() -> None:
    for path, name in NAMED:
        file = ROOT / "tests" / path
        assert file.is_file(), path
        assert not name or name in functions_of(file), f"{path}::{name}"


def test_a_row_is_a_fault_what_holds_and_a_test() -> None:
    rows = [line for line in ROWS.splitlines() if line.startswith("|") and "---" not in line]
    rows = [line for line in rows if not line.startswith("| done to it")]
    assert len(rows) > 60
    assert not [row for row in rows if row.count(" | ") != 2 or "::test_" not in row]


def test_every_outside_test_has_its_row() -> None:
    named = {name for _path, name in NAMED}
    for path in sorted((ROOT / "tests/reliability").glob("test_*.py")):
        assert functions_of(path) <= named, f"{path.name}: {functions_of(path) - named}"
