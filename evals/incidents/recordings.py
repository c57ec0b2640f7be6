"""The cases of the source tree: twelve drills, recorded by themselves, packed in recorded/.

Made anew with `warroom drill NAME --keep DIR` and
`python -m warroom.evals.incidents.recordings DIR`. A bundle holds what the responder had when it
first asked; the truth lies beside the archive.
"""

import shutil
import sys
import tarfile
from pathlib import Path

from .cases import Case, cases, picked

FOLDER = Path(__file__).parent / "recorded"
BESIDE = ("truth.json", "tags.json")


def recorded(target: Path, only: list[str] | None = None) -> list[Case]:
    """The recorded cases, unpacked below `target`. Raises NotFound for an unknown name."""
    archives = sorted(FOLDER.glob("*.tar.xz"))
    for archive in picked(archives, only):
        name = archive.name.removesuffix(".tar.xz")
        unpacked(name, target / name).rename(target / name / "bundle")
        for ending in BESIDE:
            shutil.copy(FOLDER / f"{name}.{ending}", target / name / ending)
    return cases(target)


def unpacked(name: str, target: Path) -> Path:
    """The bundle of this recorded drill, unpacked below `target`."""
    with tarfile.open(FOLDER / f"{name}.tar.xz") as archive:
        archive.extractall(target, filter="data")
    return target / name


def pack(kept: Path) -> None:
    """Pack every bundle of a folder that drills were kept in, with its truth; tags stay."""
    for bundle in sorted(path for path in kept.iterdir() if path.is_dir()):
        with tarfile.open(FOLDER / f"{bundle.name}.tar.xz", "w:xz", preset=9) as archive:
            archive.add(bundle, bundle.name, filter=_anonymous)
        shutil.copy(kept / f"{bundle.name}.truth.json", FOLDER)


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
