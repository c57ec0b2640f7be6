"""The truth of root-cause cases. Nothing but the scorer's side imports this file."""

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ..errors import InputError

FILE = "truth.json"


class RcaTruth(BaseModel):
    """What was really the case, as far as a set says it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    set: str = Field(description="the collection")
    id: str = Field(description="of the case")
    service: str = Field(description="the guilty one")
    fault_type: str = Field(default="", description="in the set's own words")
    culprit_commit: str | None = Field(
        default=None, description="sha or 'none'; None: the set knows no commits"
    )
    decoys: tuple[str, ...] = Field(default=(), description="innocent shas that look guilty")
    blast_radius: tuple[str, ...] = Field(default=(), description="services hurt besides it")
    remediation: str = Field(default="", description="what helps, in the set's own words")


TRUTHS = TypeAdapter(list[RcaTruth])


def truths(root: Path) -> dict[str, RcaTruth]:
    """The truth by SET/ID. Raises InputError where there is none or it cannot be used."""
    file = root / FILE
    try:
        found = TRUTHS.validate_python(json.loads(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise InputError(f"{file}: {where}: {first['msg']}; correct this field") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read ({error}): nothing can be scored") from error
    return {f"{truth.set}/{truth.id}": truth for truth in found}
