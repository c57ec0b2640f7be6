"""Each row of docs/reliability.md names tests that are there, and every test here has its row."""

import re
from pathlib import Path

from warroom.tests.support.house import ROOT

ROWS = (ROOT / "docs/reliability.md").read_text()
NAMED = set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", ROWS))


def functions_of(path: Path) -> set[str]:
    return set(re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE))


def test_every_row_names_a_test_that_is_there() -> None:
    assert len(NAMED) > 40
    for path, name in NAMED:
        assert (ROOT / path).is_file(), path
        assert not name or name in functions_of(ROOT / path), f"{path}::{name}"


def test_every_test_has_its_row() -> None:
    named = {name for path, name in NAMED} | {path for path, name in NAMED if not name}
    for path in sorted((ROOT / "tests/reliability").glob("test_*.py")):
        if path.name != "test_rows.py" and str(path.relative_to(ROOT)) not in named:
            assert functions_of(path) <= named, f"{path.name}: {functions_of(path) - named}"
