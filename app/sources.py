"""What an incident is read from and acted on through; kept with it, to open it again."""

import json
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from ..errors import InputError
from ..settings import Settings

KEPT = "sources.json"
"""In the incident's folder: what it was opened from."""


class Sources(BaseModel):
    """What a context is opened from; kept in the incident's folder."""

    telemetry: Path | None = Field(default=None, description="bundle; None: none was given")
    operations: Path | None = Field(default=None, description="operations.json; None: no hands")


def remember(settings: Settings, incident_id: str, sources: Sources) -> None:
    """Keep the sources with the incident, as absolute paths."""
    folder = settings.files(incident_id)
    folder.mkdir(parents=True, exist_ok=True)
    fixed = {key: str(path.resolve()) if path else None for key, path in sources}
    (folder / KEPT).write_text(json.dumps(fixed, indent=1) + "\n", encoding="utf-8")


def recall(settings: Settings, incident_id: str) -> Sources:
    """The sources that were kept; none where nothing was. Raises InputError if unreadable."""
    file = settings.files(incident_id) / KEPT
    if not file.exists():
        return Sources()
    try:
        return Sources.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise InputError(f"{file} cannot be read: name the bundle with --telemetry") from error
