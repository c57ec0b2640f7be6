"""JSON files of cases and of results: read, checked, written whole or not at all.

What is wrong with one is said with its place.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from ...errors import InputError
from ...misfit import misfits

T = TypeVar("T")


def read_json(file: Path, validate: Callable[[Any], T], missing: str = "") -> T:
    """The file's content as `validate` gives it. Raises InputError; `missing`: what to do where
    there is no such file."""
    try:
        return validate(json.loads(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        wrong = misfits(error, "the file")[0]
        raise InputError(f"{file}: {wrong}; correct this field") from error
    except FileNotFoundError as error:
        raise InputError(f"{file} is missing{missing and f': {missing}'}") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read as JSON: {error}") from error


def write_json(content: Any, file: Path) -> None:
    """An earlier file of the same name is replaced whole or not at all."""
    part = file.with_name(f"{file.name}.part")
    part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(file)


def check_writable(target: Path | None) -> None:
    """Raise InputError before minutes of work, not after them."""
    if target and (target.is_dir() or not target.absolute().parent.is_dir()):
        raise InputError(f"{target} cannot be written; name a file in a folder that exists")
