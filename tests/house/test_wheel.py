"""What is installed is what is in the tree: the wheel, the pins, the graph for Studio."""

import importlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from warroom.tests.support.house import ROOT, SOURCE_ONLY, files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> list[PurePosixPath]:
    """Paths inside a wheel built, without network, from a copy of the tree."""
    work = tmp_path_factory.mktemp("wheel")
    for path in files():
        (work / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, work / "tree" / path)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(work)]
    made = subprocess.run([*build, str(work / "tree")], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
    with ZipFile(next(work.glob("*.whl"))) as archive:
        return [PurePosixPath(name) for name in archive.namelist()]


def packaged(path: Path) -> bool:
    """Whether a file belongs into the wheel: code, and everything beside code in a subpackage."""
    if path.parts[0] in SOURCE_ONLY or path.parts[0].startswith("."):
        return False
    return len(path.parts) > 1 or path.suffix == ".py" or path.name == "py.typed"


def test_the_wheel_holds_the_tree_and_nothing_else(wheel):
    installed = {path for path in wheel if not path.parts[0].endswith(".dist-info")}
    wanted = {PurePosixPath("warroom", path.as_posix()) for path in files() if packaged(path)}
    assert sorted(map(str, wanted - installed)) == [], "missing: list them in pyproject.toml"
    assert sorted(map(str, installed - wanted)) == [], "not in the tree"


def test_the_wheel_claims_no_other_name(wheel):
    assert {path.parts[0] for path in wheel if ".dist-info" not in path.parts[0]} == {"warroom"}


def pins() -> dict[str, str]:
    """Package to version, of constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    assert all(len(pair) == 2 for pair in pairs)
    return {canonicalize_name(name): version for name, version in pairs}


@pytest.mark.parametrize("group", ["dependencies", "drills", "dev", "docs"])
def test_every_dependency_is_pinned_inside_its_range(group):
    project, known = PROJECT["project"], pins()
    listed = project.get(group) or project["optional-dependencies"][group]
    for requirement in map(Requirement, listed):
        pinned = known.get(canonicalize_name(requirement.name))
        assert pinned, f"{requirement.name} is not in constraints.txt"
        assert requirement.specifier.contains(pinned), f"{requirement} against {pinned}"


def test_studio_finds_the_graph():
    studio = json.loads((ROOT / "langgraph.json").read_text())
    assert studio["dependencies"] == ["."]
    for place in studio["graphs"].values():
        module, _, name = place.partition(":")
        assert re.fullmatch(r"[\w.]+", module), "the module form: relative imports need it"
        assert hasattr(getattr(importlib.import_module(module), name), "get_graph")
