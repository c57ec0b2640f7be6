"""After a drill: its telemetry stays (so that charts and questions work), the rest goes."""

import shutil
from pathlib import Path

KEPT = ("telemetry", "output")


def tidy(root: Path) -> None:
    """Remove what a shop that has ended needs no more."""
    shop = root / "shop"
    for path in shop.iterdir() if shop.is_dir() else ():
        if path.name in KEPT:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
