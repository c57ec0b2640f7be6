"""Cases to be answered: a bundle, the alert, the truth, tags.

    DIR/NAME/bundle/      telemetry (and survey.json): all that a responder may read
    DIR/NAME/alert.json   also found in bundle/
    DIR/NAME/truth.json   what is really the case
    DIR/NAME/tags.json    a list of words; may be missing

`warroom drill NAME --keep DIR` writes the same otherwise: DIR/NAME is the bundle with the alert in
it, and DIR/NAME.truth.json, DIR/NAME.tags.json lie beside. Both are read.
"""

import shutil
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from ...actions.catalogue import CATALOGUE
from ...errors import InputError, NotFound
from ...incident.action import ActionKind
from ...incident.document import Alert
from ...incident.finding import FaultKind
from ...incident.severity import Severity
from ...telemetry.alerts import read_alerts
from ..framework.files import read_json


def _planned(kind: ActionKind) -> ActionKind:
    """Refuses what the catalogue does not have."""
    if kind not in CATALOGUE:
        raise ValueError(f"no action of the catalogue, which has: {', '.join(CATALOGUE)}")
    return kind


Cure = tuple[Annotated[ActionKind, AfterValidator(_planned)], str]
"""An action of the catalogue and its target."""
TAGS = TypeAdapter(list[str])
TRUTH = (
    "without the truth nothing can be scored; write it with service, kind, severity and "
    "effective_actions"
)


class Truth(BaseModel):
    """What is really the case, as the file says it; a drill's further fields are left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    service: str = Field(description="the guilty one; empty: nothing is wrong, or nobody knows")
    kind: FaultKind = Field(description="'no fault' for noise, 'unknown' where it cannot be told")
    severity: Severity = Field(description="the right level")
    effective_actions: tuple[Cure, ...] = Field(
        default=(), description="any of them cures; none: nothing is to be done"
    )
    blameless: tuple[str, ...] = Field(default=(), description="whose recent change is innocent")


@dataclass(frozen=True)
class IncidentCase:
    """One incident to answer. Responders get the bundle and the alert, never the rest."""

    name: str
    bundle: Path
    alert: Alert
    truth: Truth
    tags: tuple[str, ...] = ()


def cases(folder: Path, only: list[str] | None = None) -> list[IncidentCase]:
    """Every case in a folder, by name; `only` picks some. A case's own folder counts too.

    Raises InputError where there is none or one cannot be used, NotFound for an unknown name.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a directory; name a folder of cases")
    places = [folder] if _is_case(folder) else sorted(filter(_is_case, folder.iterdir()))
    if not places:
        raise InputError(
            f"{folder} holds no case: a folder with bundle/, alert.json and truth.json, "
            "or what `warroom drill NAME --keep DIR` writes"
        )
    return [_case(place) for place in picked(places, only)]


def picked(places: list[Path], only: list[str] | None) -> list[Path]:
    """The places of these names, in their own order; all where no name is given."""
    known = [name_of(place) for place in places]
    for name in only or []:
        if name not in known:
            raise NotFound(f"no case {name!r}; there are: {', '.join(known)}")
    return [place for place in places if not only or name_of(place) in only]


def name_of(place: Path) -> str:
    """A file's or folder's name without its endings."""
    return place.name.partition(".")[0]


def _is_case(place: Path) -> bool:
    return place.is_dir() and any((place / name).exists() for name in ("bundle", "bundle.json"))


def _case(place: Path) -> IncidentCase:
    own = (place / "bundle").is_dir()
    bundle = place / "bundle" if own else place
    beside = {name: _beside(place, name, own) for name in ("truth.json", "tags.json")}
    if own and any((bundle / name).exists() for name in beside):
        raise InputError(f"{bundle}: the truth lies inside the bundle, where a responder reads it")
    alert = next((file for file in _alerts(place, bundle) if file.exists()), None)
    if alert is None:
        raise InputError(f"{place} holds no alert.json; put the alert there as it was delivered")
    tags = beside["tags.json"]
    return IncidentCase(
        place.name,
        bundle,
        _firing(alert),
        read_json(beside["truth.json"], Truth.model_validate, TRUTH),
        tuple(read_json(tags, TAGS.validate_python)) if tags.exists() else (),
    )


def _beside(place: Path, name: str, own: bool) -> Path:
    return place / name if own else place.with_name(f"{place.name}.{name}")


def _alerts(place: Path, bundle: Path) -> list[Path]:
    return [place / "alert.json", bundle / "alert.json"]


def _firing(file: Path) -> Alert:
    found = read_alerts(file.read_bytes())
    if not found:
        raise InputError(f"{file} holds no alert that fires")
    return found[0]


FOLDER = Path(__file__).parent / "recorded"
BESIDE = ("truth.json", "tags.json")


def recorded(target: Path, only: list[str] | None = None) -> list[IncidentCase]:
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
