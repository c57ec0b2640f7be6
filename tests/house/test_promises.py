"""Every promise that docs/promises.md lists is still made, and has a test that exists."""

import re

import pytest

from warroom.tests.support.house import ROOT, named_and_missing

PAGE = (ROOT / "docs/promises.md").read_text(encoding="utf-8")
ROW = re.compile(r"\| (?!promise|---)(.+?) \| (.+?) \|")


def _rows() -> list[tuple[str, str, str]]:
    """(file, promise, tests) of each row."""
    parts = re.split(r"^## (.+)$", PAGE, flags=re.MULTILINE)[1:]
    return [
        (file, promise, tests)
        for file, text in zip(parts[::2], parts[1::2], strict=True)
        for promise, tests in ROW.findall(text)
    ]


def _plain(text: str) -> str:
    return " ".join(text.replace("*", "").split())


@pytest.mark.parametrize("file", ["README.md", "SECURITY.md"])
def test_it_is_still_made(file: str) -> None:
    made = _plain((ROOT / file).read_text(encoding="utf-8"))
    rows = [promise for where, promise, _ in _rows() if where == file]
    assert len(rows) >= 10
    assert [promise for promise in rows if _plain(promise) not in made] == []


def test_its_tests_exist() -> None:
    assert all("`" in tests for _, _, tests in _rows())
    assert named_and_missing(PAGE) == []
