"""What this process works with: its settings, a home that is ours alone, an incident's sources.

What is wrong with them is said in one clear line. The sources are kept with the incident, to open
it again.
"""

import os
import stat
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from ..errors import InputError
from ..incident.private import write_private
from ..misfit import said
from ..settings import ENV_FILE, Settings
from ..telemetry.catalogue.files import Declared, read_declared
from ..telemetry.sources.datasource import ALERTS_ONLY, Datasource
from .configuration_file import Configuration, read_configuration

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def use_env_file(path: Path) -> None:
    """Read this file's settings from now on. Raises InputError where there is none."""
    if not path.is_file():
        raise InputError(f"{path} is no file; name one with settings, or leave --env-file out")
    os.environ[ENV_FILE] = str(path.resolve())


def settings() -> Settings:
    """From the environment and .env; the database, where they name none, from warroom.yaml.

    Raises InputError naming the variable, the line, or the home.
    """
    try:
        found = Settings()
        database = found.database_url or read_configuration().server.database
        return _ready(found.model_copy(update={"database_url": database}))
    except ValidationError as error:
        first = error.errors()[0]
        name = "WARROOM_" + "_".join(map(str, first["loc"])).upper()
        raise InputError(f"{name}: {said(first)}; correct it in the environment or .env") from error
    except ValueError as error:  # pydantic-settings: a value that is no JSON
        raise InputError(f"the settings cannot be read: {error}") from error


def _ready(settings: Settings) -> Settings:
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _ours(settings.home)
        settings.home.chmod(0o700)
    except OSError as error:
        reason = error.strerror or "cannot be made"
        raise InputError(
            f"WARROOM_HOME {settings.home}: {reason}; name a directory that can be written"
        ) from error
    return settings


def _ours(home: Path) -> None:
    """Refuse what others own or may write: what lies in it is believed, and acted upon."""
    for about in (home.lstat(), home.stat()):  # of a link too: whoever owns it says where it leads
        if about.st_uid != os.geteuid():
            raise InputError(
                f"the home {home} belongs to another user; name one of your own with WARROOM_HOME"
            )
    if home.stat().st_mode & OTHERS_WRITE:
        raise InputError(
            f"others may write to the home {home}: look at what is in it, then `chmod 700 {home}`, "
            "or name another with WARROOM_HOME"
        )


KEPT = "sources.json"
"""In the incident's folder: what it was opened from."""


Place = Annotated[Path, AfterValidator(Path.resolve)]
"""As it can be found from anywhere."""


class Sources(BaseModel):
    """What a context is opened from; kept in the incident's folder."""

    telemetry: Place | None = Field(default=None, description="bundle; None: none was given")
    datasources: tuple[str, ...] = Field(
        default=(), description="those of warroom.yaml by name, without a bundle; (): all it has"
    )
    kubernetes: Place | None = Field(default=None, description="a cluster's dumps; None: none")
    operations: Place | None = Field(default=None, description="operations.json; None: no hands")
    drill: bool = Field(default=False, description="an exercise: its messages go nowhere real")


def asked(sources: Sources, known: Declared | None = None) -> list[Datasource]:
    """The data sources that an incident asks: none beside a bundle, nor in an exercise.

    known: what the team's catalogue says, where that was read already.

    Raises InputError for a name that warroom.yaml does not have.
    """
    if sources.telemetry or sources.drill:
        return []
    file = read_configuration()
    every = [*received(file), *file.asked]
    there = {one.name: one for one in every if one.type not in ALERTS_ONLY}
    if missing := [name for name in sources.datasources if name not in there]:
        raise InputError(
            f"warroom.yaml has no datasource {missing[0]} any more, which the incident was opened "
            "with: name it there, or go on with --telemetry DIR"
        )
    known = known or declared(sources)
    return [elsewhere(there[name], known) for name in sources.datasources or there]


def declared(sources: Sources) -> Declared:
    """The team's own catalogue and objectives; none beside a bundle, nor in an exercise."""
    if sources.telemetry or sources.drill:
        return Declared()
    file = read_configuration()
    return read_declared(file.catalog, file.slos)


def elsewhere(one: Datasource, known: Declared) -> Datasource:
    """With what the catalogue says that services are called there, where it says nothing itself."""
    data, by_service = one.jsonData, known.elsewhere.items()
    if data.folders or data.service:
        return one
    update: dict[str, Any] = {}
    if one.type == "argocd":
        update["folders"] = {name: at.application for name, at in by_service if at.application}
    elif data.repository:
        there = [name for name, at in by_service if at.repository == data.repository]
        update |= {"service": there[0]} if len(there) == 1 else {}
    return one.model_copy(update={"jsonData": data.model_copy(update=update)}) if update else one


RECEIVED = "otlp"
"""The data source of what was sent to us, and its folder in the home."""


def received(file: Configuration) -> list[Datasource]:
    """What was sent to us by OTLP, where that may be; warroom.yaml may name it itself."""
    if file.otlp is None or any(one.type == RECEIVED for one in file.datasources):
        return []
    folder = file.otlp.folder or Settings().home.resolve() / RECEIVED
    return [Datasource(name=RECEIVED, type=RECEIVED, url=str(folder))]


def remember(settings: Settings, incident_id: str, sources: Sources) -> None:
    """Keep the sources with the incident, data sources by name. Raises InputError."""
    names = tuple(one.name for one in asked(sources))
    sources = sources.model_copy(update={"datasources": names})
    file = settings.files(incident_id) / KEPT
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(file, sources.model_dump_json(indent=1) + "\n")
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
