"""Bundles that the drills recorded of themselves, packed in tests/recorded/.

Made anew with `warroom drill NAME --keep DIR` and `python -m warroom.tests.recorded DIR`: each
holds what the responder had when it first asked, and none holds the truth, which stays with
`drills/faults`.
"""

import sys
import tarfile
from pathlib import Path

FOLDER = Path(__file__).parent / "recorded"


def unpacked(name: str, target: Path) -> Path:
    """The recorded bundle of this drill, unpacked below `target`."""
    with tarfile.open(FOLDER / f"{name}.tar.xz") as archive:
        archive.extractall(target, filter="data")
    return target / name


def pack(kept: Path) -> None:
    """Pack every bundle of a folder that drills were kept in."""
    FOLDER.mkdir(exist_ok=True)
    for bundle in sorted(path for path in kept.iterdir() if path.is_dir()):
        with tarfile.open(FOLDER / f"{bundle.name}.tar.xz", "w:xz", preset=9) as archive:
            archive.add(bundle, bundle.name, filter=_anonymous)


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
