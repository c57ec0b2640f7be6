"""A bundle: a folder of JSON lines, live or kept, and everything that a recording needs to be
written as one and read again."""

from pathlib import Path
from typing import Any

from ..errors import BundleError
from .catalogue import CatalogueFile, read_json
from .recorder import Recorder
from .recording import Recording
from .sources.registry import sources_of

FORMAT = "warroom-bundle/1"
NOT_GIVEN = "no telemetry was given with the alert"


def open_bundle(root: Path | str) -> Recorder:
    """A recorder that follows a bundle as it is written.

    Raises BundleError where there is no such folder, or it is not a bundle, or its catalogue
    cannot be read.
    """
    root = Path(root)
    header(root)
    catalogue = CatalogueFile(root / "catalogue.json").catalogue
    return Recorder(sources_of("files", str(root)), catalogue, origin=root)


def read_bundle(root: Path | str) -> Recording:
    """A bundle as it is now. Raises BundleError as `open_bundle` does."""
    return open_bundle(root).recording


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
