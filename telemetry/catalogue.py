"""Reads the service catalogue, and says which field is wrong when it cannot."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import BundleError
from .model import Catalogue


def read_catalogue(path: Path) -> Catalogue:
    """The catalogue in a JSON file; an empty one where there is no file.

    Raises BundleError naming the field that is wrong.
    """
    if not path.exists():
        return Catalogue()
    return parse_catalogue(read_json(path), path.name)


def parse_catalogue(content: Any, name: str = "catalogue.json") -> Catalogue:
    """The catalogue in decoded JSON. Raises BundleError naming the field that is wrong."""
    try:
        catalogue = Catalogue.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise BundleError(f"{name}: {where}: {first['msg']}; correct this field") from error
    names = [service.name for service in catalogue.services]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise BundleError(f"{name}: services: {double!r} is listed twice; keep one entry")
    return catalogue


def read_json(path: Path) -> Any:
    """Decoded JSON of a file of the bundle. Raises BundleError saying what is wrong with it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror}; check the path") from error
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path} is not JSON ({error}); write it again") from error
