"""Each row of docs/reliability.md is a fault, what holds, and tests that are there; the tests of
tests/reliability/ are those of a row."""

from warroom.tests.support.house import NAMED, ROOT, functions_of, named_and_missing

PAGE = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")


def test_a_row_is_a_fault_what_holds_and_tests_that_exist() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and "---" not in line]
    rows = [line for line in rows if not line.startswith("| done to it")]
    assert len(rows) > 60
    assert not [row for row in rows if row.count(" | ") != 2 or "::test_" not in row]
    assert named_and_missing(PAGE) == []


def test_every_outside_test_has_its_row() -> None:
    named = set(NAMED.findall(PAGE))
    files = list((ROOT / "tests/reliability").glob("test_*.py"))
    assert len(files) > 5
    for path in files:
        file = f"reliability/{path.name}"
        tests = {(file, name) for name in functions_of(file) if name.startswith("test_")}
        assert tests <= named, tests - named
