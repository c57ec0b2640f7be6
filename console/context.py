"""Opening what an incident is worked in, and writing down what it takes to open it again."""

import json
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from ..agents.reasoning.assembly import model_layer_of
from ..agents.runtime.context import ResponseContext
from ..errors import InputError, ToolFailed
from ..incident.store import Store
from ..settings import Settings
from ..targets.survey import FILE as SURVEY
from ..targets.survey import Recorded, Surveying
from ..targets.system import Operations
from ..telemetry.bundle import no_telemetry, open_bundle


class Sources(BaseModel):
    """What a context is opened from; kept as room.json in the incident's folder."""

    telemetry: Path | None = Field(default=None, description="bundle; None: none was given")
    operations: Path | None = Field(default=None, description="operations.json; None: no hands")


def open_context(settings: Settings, sources: Sources) -> ResponseContext:
    """Store, telemetry and hands.

    Raises BundleError for a bundle that cannot be read, InputError for operations that cannot.
    """
    recorder = open_bundle(sources.telemetry) if sources.telemetry else no_telemetry()
    operations = _operations(sources.operations)
    store = Store.open(settings.database)
    return ResponseContext(
        settings=settings,
        store=store,
        model_layer=model_layer_of(settings, store),
        recorder=recorder,
        operations=operations,
        survey=_survey(operations, sources.telemetry),
    )


def remember(settings: Settings, incident_id: str, sources: Sources) -> None:
    """Keep the sources with the incident, as absolute paths."""
    folder = settings.files(incident_id)
    folder.mkdir(parents=True, exist_ok=True)
    fixed = {key: str(path.resolve()) if path else None for key, path in sources}
    (folder / "room.json").write_text(json.dumps(fixed, indent=1) + "\n", encoding="utf-8")


def recall(settings: Settings, incident_id: str) -> Sources:
    """The sources that were kept; none where nothing was. Raises InputError if unreadable."""
    file = settings.files(incident_id) / "room.json"
    if not file.exists():
        return Sources()
    try:
        return Sources.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise InputError(f"{file} cannot be read: name the bundle with --telemetry") from error


def _operations(path: Path | None) -> Operations | None:
    if path is None:
        return None
    try:
        return Operations.load(path)
    except ToolFailed as error:
        raise InputError(f"{error}; leave out --operations to go on without acting") from error


def _survey(operations: Operations | None, bundle: Path | None) -> Surveying | None:
    """The live system where it answers, else what the bundle recorded of it."""
    if operations:
        try:
            operations.inventory()
            return operations
        except ToolFailed:
            pass  # acting will say so; looking falls back to the record
    recorded = bundle / SURVEY if bundle else None
    return Recorded.load(recorded) if recorded and recorded.exists() else None
