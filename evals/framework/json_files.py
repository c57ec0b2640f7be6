"""JSON files of cases: read, checked, and what is wrong with one said with its place."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from ...errors import InputError

T = TypeVar("T")


def read_json(file: Path, validate: Callable[[Any], T], missing: str = "") -> T:
    """The file's content as `validate` gives it. Raises InputError; `missing`: what to do where
    there is no such file."""
    try:
        return validate(json.loads(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise InputError(f"{file}: {where}: {first['msg']}; correct this field") from error
    except FileNotFoundError as error:
        raise InputError(f"{file} is missing{missing and f': {missing}'}") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read as JSON: {error}") from error
