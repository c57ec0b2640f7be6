"""The site is built from what lies in docs/, without a warning, and fetches nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from warroom.tests.support.house import ROOT

FETCHES = re.compile(r"""<(?:script|img|iframe|link[^>]*rel="?(?:stylesheet|preconnect|preload)"?)
    [^>]*(?:src|href)="?(https?:)?//[^>]*>""", re.VERBOSE)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir"]
    build += [str(into)]
    made = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr[-3000:]
    return into


@pytest.mark.thorough
def test_every_page_is_there_and_fetches_nothing(site: Path) -> None:
    found = site.rglob("*.html")
    pages = {page.relative_to(site).as_posix(): page.read_text("utf-8") for page in found}
    assert {"index.html", "start.html", "reference/commands.html"} <= {*pages}
    assert len(pages) > 40
    assert [name for name, text in pages.items() if FETCHES.search(text)] == []


@pytest.mark.thorough
def test_no_picture_is_missing_and_no_source_is_published(site: Path) -> None:
    for page in site.rglob("*.html"):
        for source in re.findall(r'<img[^>]*src="?([^" >]+)', page.read_text("utf-8")):
            assert (page.parent / source).is_file(), (page.name, source)
    assert not list(site.rglob("*.py"))
