"""The truth of root-cause cases. Nothing but the scorer's side imports this file."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ..framework.files import read_json

FILE = "truth.json"
MISSING = "without the truth nothing can be scored; write set, id and service of every case"


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
    found = read_json(root / FILE, TRUTHS.validate_python, MISSING)
    return {f"{truth.set}/{truth.id}": truth for truth in found}
