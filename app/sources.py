"""What an incident is read from and acted on through; kept with it, to open it again."""

from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from ..errors import InputError
from ..incident.private import write_private
from ..settings import Settings

KEPT = "sources.json"
"""In the incident's folder: what it was opened from."""


class Sources(BaseModel):
    """What a context is opened from; kept in the incident's folder."""

    telemetry: Path | None = Field(default=None, description="bundle; None: none was given")
    operations: Path | None = Field(default=None, description="operations.json; None: no hands")
    drill: bool = Field(default=False, description="an exercise: its messages go nowhere real")


def remember(settings: Settings, incident_id: str, sources: Sources) -> None:
    """Keep the sources with the incident, as absolute paths. Raises InputError."""
    paths = {key: value.resolve() for key, value in sources if isinstance(value, Path)}
    file = settings.files(incident_id) / KEPT
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(file, sources.model_copy(update=paths).model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}; make room, or name another home") from error


def recall(settings: Settings, incident_id: str) -> Sources:
    """The sources that were kept; none where nothing was. Raises InputError if unreadable."""
    file = settings.files(incident_id) / KEPT
    if not file.exists():
        return Sources()
    try:
        return Sources.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise InputError(f"{file} cannot be read: name the bundle with --telemetry") from error
