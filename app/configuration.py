"""The settings of this process, or one clear line about what is wrong with them."""

from pydantic import ValidationError

from ..errors import InputError
from ..settings import Settings


def settings() -> Settings:
    """From the environment and .env. Raises InputError naming the variable."""
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
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or "cannot be made"
        raise InputError(
            f"WARROOM_HOME {settings.home}: {reason}; name a directory that can be written"
        ) from error
    return settings
