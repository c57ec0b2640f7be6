"""The package that docs/extending.md shows, installed as it stands there."""

import re
from pathlib import Path

from warroom.tests.support.house import ROOT

PAGE = (ROOT / "docs/extending.md").read_text("utf-8")
POINTS = re.compile(r'\[project\.entry-points\."(.+?)"\]')
BROKEN = "[warroom.sources]\nbroken = acme.gone:open_it\n"


def examples() -> dict[str, str]:
    """Each file of the page, by its path."""
    blocks = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)
    return {m[1]: text for text in blocks if (m := re.match(r'"""(acme/\w+\.py):', text))}


def install(folder: Path, more: str = "") -> None:
    """As pip leaves it; `more` are entry points that the page does not have."""
    package, known = folder / "acme", folder / "acme-1.2.dist-info"
    package.mkdir()
    known.mkdir()
    (package / "__init__.py").touch()
    for path, text in examples().items():
        (folder / path).write_text(text.replace("/var/spool/pager", str(folder)))
    (block,) = re.findall(r"```toml\n(\[project\.entry-points.+?)```", PAGE, re.DOTALL)
    points = POINTS.sub(r"[\1]", block).replace('"', "")
    (known / "entry_points.txt").write_text(points + more)
    (known / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.2\n")
