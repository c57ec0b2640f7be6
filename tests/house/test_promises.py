"""Every promise that docs/promises.md lists is still made, and has a test that exists."""

import ast
import re
from itertools import groupby

import pytest

from warroom.tests.support.house import ROOT

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
    named = sorted(
        (file, name)
        for _, _, tests in _rows()
        for file, name in re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", tests)
    )
    assert all("`" in tests for _, _, tests in _rows())
    missing = []
    for file, pairs in groupby(named, key=lambda pair: pair[0]):
        path = ROOT / "tests" / file
        assert path.is_file(), file
        tree = ast.parse(path.read_text(encoding="utf-8"))
        known = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        missing += [f"{file}::{name}" for _, name in pairs if name and name not in known]
    assert missing == []
