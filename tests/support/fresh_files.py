"""Files of the repository that a run of the tests records anew. Until all of the run is known to be
good they lie elsewhere: one that fails, or is broken off, leaves the files as they were."""

import os
import shutil
import tempfile
from pathlib import Path


class FreshFiles:
    """Those of one run."""

    def __init__(self) -> None:
        self.placed: dict[Path, Path] = {}

    def place(self, file: Path) -> Path:
        """Where to write what is to become this file; what is never written there is to go."""
        self.placed[file] = Path(tempfile.mkdtemp(prefix="recorded-")) / file.name
        return self.placed[file]

    def settle(self, *, good: bool) -> None:
        """Put them where they belong, or throw them away. One of several workers knows how its own
        tests ended and no others: there nothing is kept."""
        for file, fresh in self.placed.items():
            if good and "PYTEST_XDIST_WORKER" not in os.environ:
                file.unlink(missing_ok=True)
                if fresh.exists():
                    file.parent.mkdir(parents=True, exist_ok=True)
                    shutil.move(fresh, file)
            shutil.rmtree(fresh.parent)
        self.placed.clear()


FRESH = FreshFiles()
