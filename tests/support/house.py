"""The tree as the house tests see it: its files, packages and imports."""

import ast
import re
import subprocess
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE = ("tests", "docs", "deploy", ".ci")
"""Folders that are no part of the package."""
SOURCE_ONLY = (*OUTSIDE, "evals")
"""Folders that are not installed: the benchmarks keep the house rules and stay in the tree."""


@cache
def files() -> list[Path]:
    """Every file that is, or is about to be, under version control; relative to the root."""
    ask = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    found = subprocess.run(ask, cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [Path(name) for name in found.stdout.split("\0") if name]
    return sorted(path for path in paths if (ROOT / path).is_file())


def modules() -> list[Path]:
    """The package's Python files."""
    return [p for p in files() if p.suffix == ".py" and p.parts[0] not in OUTSIDE]


def tree(path: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse((ROOT / path).read_text(), filename=str(path))


def part(path: Path) -> str:
    """The subpackage, or for a file at the root its own name."""
    return path.parts[0] if len(path.parts) > 1 else path.stem


@cache
def imported(path: Path) -> Sequence[str]:
    """The parts of the package that a file imports, by relative import."""
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    package = ("warroom", *path.parts[:-1])
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = package[: len(package) - node.level + 1]
        named = (*base, *(node.module.split(".") if node.module else ()))
        if len(named) > 1:
            yield named[1]
        else:  # from . import graph
            yield from (alias.name for alias in node.names)


NAMED = re.compile(r"`(?:tests/)?([\w/]+\.py)(?:::(\w+))?`")
"""A test as a document names it: its file below tests/, and which of that file."""


def named_and_missing(text: str) -> list[str]:
    """Tests that a document names and that are not there."""
    return [
        f"{file}::{name}"
        for file, name in sorted(set(NAMED.findall(text)))
        if not (ROOT / "tests" / file).is_file() or (name and name not in functions_of(file))
    ]


@cache
def functions_of(file: str) -> set[str]:
    """Names of the functions in a file below tests/."""
    nodes = ast.walk(tree(Path("tests") / file))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
