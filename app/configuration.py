"""The settings of this process, and a home that is ours alone; or one clear line about what is
wrong with them."""

import os
import stat
from pathlib import Path

from pydantic import ValidationError

from ..errors import InputError
from ..settings import ENV_FILE, Settings

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def use_env_file(path: Path) -> None:
    """Read this file's settings from now on. Raises InputError where there is none."""
    if not path.is_file():
        raise InputError(f"{path} is no file; name one with settings, or leave --env-file out")
    os.environ[ENV_FILE] = str(path.resolve())


def settings() -> Settings:
    """From the environment and .env. Raises InputError naming the variable, or the home."""
    try:
        return _ready(Settings())
    except ValidationError as error:
        first = error.errors()[0]
        name = "WARROOM_" + "_".join(map(str, first["loc"])).upper()
        raise InputError(
            f"{name}: {first['msg']}; correct it in the environment or .env"
        ) from error
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
