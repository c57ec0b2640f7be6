"""Reads the service catalogue, and says which field is wrong when it cannot."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import BundleError
from .model import Catalogue
from .sources.files import within


def read_catalogue(path: Path) -> Catalogue:
    """The catalogue in a JSON file; an empty one where there is no file.

    Raises BundleError naming the field that is wrong.
    """
    if not path.exists():
        return Catalogue()
    return parse_catalogue(read_json(path), path.name)


class CatalogueFile:
    """A catalogue that may be written anew: it is read again when it was."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.read: tuple[tuple[int, int], Catalogue] | None = None

    def catalogue(self) -> Catalogue:
        """As the file says it now. Shared: never written into."""
        try:
            found = self.path.stat()
        except OSError:
            return read_catalogue(self.path)
        version = found.st_mtime_ns, found.st_size
        if self.read is None or self.read[0] != version:
            self.read = version, read_catalogue(self.path)
        return self.read[1]


def parse_catalogue(content: Any, name: str = "catalogue.json") -> Catalogue:
    """The catalogue in decoded JSON. Raises BundleError naming the field that is wrong."""
    try:
        catalogue = Catalogue.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise BundleError(f"{name}: {where}: {first['msg']}; correct this field") from error
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
