"""Backends that sources are tried on: each is written to, and can be made to fail."""

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from warroom.telemetry.sources.files import PATTERNS

Row = dict[str, Any]


class Backend(Protocol):
    """What a source stands before."""

    where: str

    def write(self, modality: str, *rows: Row) -> None:
        """Record rows, whatever they hold."""
        ...

    def fail(self) -> None:
        """Be down from now on."""
        ...


class Folder:
    """A bundle's files."""

    def __init__(self, root: Path) -> None:
        self.root, self.where = root, str(root)
        for folder in ("metrics", "logs", "traces"):
            (root / folder).mkdir(parents=True)

    def write(self, modality: str, *rows: Row) -> None:
        """One line each."""
        path = self.root / PATTERNS[modality].replace("*", "all")
        with path.open("a") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)

    def fail(self) -> None:
        """The folder is gone."""
        for path in self.root.rglob("*.jsonl"):
            path.unlink()


class Document:
    """What the example source reads."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True)
        self.file = root / "backend.json"
        self.where = str(self.file)
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.write("logs")

    def write(self, modality: str, *rows: Row) -> None:
        """All in one."""
        self.rows[modality] += rows
        self.file.write_text(json.dumps(self.rows))

    def fail(self) -> None:
        """It answers rubbish."""
        self.file.write_text("<html>502 Bad Gateway</html>")


BACKENDS: dict[str, Callable[[Path], Backend]] = {"files": Folder, "example": Document}
"""One for each kind of source there is."""
