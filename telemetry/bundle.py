"""A bundle: a folder of JSON lines, live or kept, and everything that a recording needs to be
written as one and read again."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import BundleError
from ..misfit import misfits
from .model import EVENTS, Catalogue, Window
from .recorder import Recorder
from .recording import Recording
from .sources.files import PATTERNS, within
from .sources.registry import sources_of
from .sources.source import EVER, OPTIONAL, Source
from .tables import TIME

FORMAT = "warroom-bundle/1"
NOT_GIVEN = "no telemetry was given with the alert"


def open_bundle(root: Path | str, beside: Sequence[Source] = ()) -> Recorder:
    """A recorder that follows a bundle as it is written; `beside`: further sources.

    Raises BundleError where there is no such folder, or it is not a bundle, or its catalogue
    cannot be read.
    """
    root = Path(root)
    sampled = parse_sampled(header(root).get("sampled", []))
    catalogue = CatalogueFile(root / "catalogue.json").catalogue
    sources = [*sources_of("files", str(root)), *beside]
    return Recorder(sources, catalogue, origin=root, sampled=sampled)


def read_bundle(root: Path | str) -> Recording:
    """A bundle as it is now. Raises BundleError as `open_bundle` does."""
    return open_bundle(root).recording


def save(recording: Recording, root: Path, window: Window = EVER) -> Path:
    """Write a recording, or a window of it, as a bundle that reads back the same; changes and
    state are written whole, since what was deployed long ago still runs.

    Raises BundleError where the folder holds something already.
    """
    if root.exists():
        raise BundleError(f"{root} exists already; name another folder")
    for modality, pattern in PATTERNS.items():
        if modality in OPTIONAL and not recording.held[modality]:
            continue
        file = root / pattern.replace("*", "recorded")
        file.parent.mkdir(parents=True, exist_ok=True)
        part = EVER if modality in EVENTS else window
        with file.open("wb") as out:
            out.writelines(recording.lines(modality, part))
    catalogue = recording.catalogue().model_dump_json(indent=1)
    (root / "catalogue.json").write_text(catalogue + "\n", encoding="utf-8")
    about = {"format": FORMAT, "name": root.name, "description": "a recording"}
    about |= {"sampled": sorted(recording.sampled)} if recording.sampled else {}
    (root / "bundle.json").write_text(json.dumps(about) + "\n", encoding="utf-8")
    return root


def no_telemetry() -> Recorder:
    """For an alert that came without any: an empty recording, which says so."""
    return Recorder(absent=NOT_GIVEN)


def header(root: Path) -> dict[str, Any]:
    """What bundle.json says. Raises BundleError."""
    if not root.is_dir():
        raise BundleError(f"{root} is not a directory; name the directory of a telemetry bundle")
    if not (root / "bundle.json").exists():
        raise BundleError(
            f"{root} holds no bundle.json, so it is not a telemetry bundle; "
            f'a bundle is described by {{"format": "{FORMAT}", ...}} there'
        )
    found = read_json(root / "bundle.json")
    kind = found.get("format") if isinstance(found, dict) else None
    if kind != FORMAT:
        raise BundleError(
            f"{root / 'bundle.json'}: format is {kind!r}; this Warroom reads {FORMAT!r}"
        )
    return found


def parse_sampled(names: Any) -> list[str]:
    """The modalities of which a bundle holds a sample. Raises BundleError naming what is none."""
    if not isinstance(names, list) or not set(map(str, names)) <= TIME.keys():
        raise BundleError(
            f"bundle.json: sampled is {names!r}; list those of {', '.join(TIME)} of which the "
            "bundle holds only a part, or leave it out"
        )
    return names


class CatalogueFile:
    """A catalogue that may be written anew: it is read again when it was."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.read: tuple[tuple[int, int], Catalogue] | None = None

    def catalogue(self) -> Catalogue:
        """As the file says it now; an empty one where there is none. Shared: never written into.

        Raises BundleError naming the field that is wrong.
        """
        try:
            found = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return Catalogue()
        version = found.st_mtime_ns, found.st_size
        if self.read is None or self.read[0] != version:
            self.read = version, parse_catalogue(read_json(self.path), self.path.name)
        return self.read[1]


def parse_catalogue(content: Any, name: str = "catalogue.json") -> Catalogue:
    """The catalogue in decoded JSON. Raises BundleError naming the field that is wrong."""
    try:
        catalogue = Catalogue.model_validate(content)
    except ValidationError as error:
        wrong = misfits(error, "the document")[0]
        raise BundleError(f"{name}: {wrong}; correct this field") from error
    names = Counter(service.name for service in catalogue.services)
    double = next((name for name, count in names.items() if count > 1), None)
    if double is not None:
        raise BundleError(f"{name}: services: {double!r} is listed twice; keep one entry")
    return catalogue


def read_json(path: Path) -> Any:
    """Decoded JSON of a file of the bundle. Raises BundleError saying what is wrong with it."""
    if not within(path.parent, path):
        raise BundleError(f"{path} is a link that leads out of the bundle; put the file there")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror}; check the path") from error
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path} is not JSON ({error}); write it again") from error
