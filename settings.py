"""Configuration: environment variables that begin with WARROOM_, or one .env file.

The working directory is not asked: a folder that somebody hands over may hold a .env of theirs. A
key is used only beside the endpoint that stands in the same place (arguments, environment, file),
so that no file can say where a key from the environment is sent.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

ENV_FILE = "WARROOM_ENV_FILE"
"""Names another .env file; `--env-file` sets it."""
HOME = "WARROOM_HOME"
SPOKEN = {"OPENAI_BASE_URL": "openai_base_url", "OPENAI_API_KEY": "openai_key"}
"""Variables whose field has another name."""
FIRST = ("model_base_url", "openai_base_url")
ENDPOINTS = {
    "model_key": FIRST,
    "openai_key": ("openai_base_url",),
    "second_key": ("second_base_url", *FIRST),
}
"""A key's endpoint: the first of these that is set."""


def env_file() -> Path | None:
    """The .env file that is read: the one that was named, else the one in a home that was named."""
    if named := os.environ.get(ENV_FILE):
        return Path(named)
    home = os.environ.get(HOME)
    return Path(home) / ".env" if home else None


class OneSource(PydanticBaseSettingsSource):
    """All sources as one: the first that has a value wins; a key only beside its own endpoint.

    Args:
        settings: the class that is filled.
        sources: best first.
    """

    def __init__(
        self, settings: type[BaseSettings], sources: Sequence[PydanticBaseSettingsSource]
    ) -> None:
        super().__init__(settings)
        self.sources = sources

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Not asked field by field."""
        raise NotImplementedError

    def __call__(self) -> dict[str, Any]:
        """The values, without keys whose endpoint another source names."""
        found = [{SPOKEN.get(k.upper(), k): v for k, v in each().items()} for each in self.sources]
        for key, names in ENDPOINTS.items():
            owner = next((each for name in names for each in found if each.get(name)), None)
            for values in found:
                if owner is not None and values is not owner:
                    values.pop(key, None)
        return {name: value for values in reversed(found) for name, value in values.items()}


class ModelSettings(BaseSettings):
    """Which model reasons above the floor, and what it may use up. None by default."""

    model_config = SettingsConfigDict(env_prefix="WARROOM_", extra="ignore", populate_by_name=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments before the environment before the file."""
        kept = DotEnvSettingsSource(settings_cls, env_file=env_file())
        return (OneSource(settings_cls, (init_settings, env_settings, kept)),)

    model: str = Field(default="", description="name; empty: the first that the endpoint lists")
    model_base_url: str = Field(
        default="", description="an OpenAI-compatible endpoint, such as http://localhost:8080/v1"
    )
    model_key: SecretStr | None = Field(
        default=None, description="its key; a local server needs none"
    )
    openai_base_url: str = Field(
        default="",
        validation_alias="OPENAI_BASE_URL",
        description="read where WARROOM_MODEL_BASE_URL is not set",
    )
    openai_key: SecretStr | None = Field(
        default=None,
        validation_alias="OPENAI_API_KEY",
        description="for OpenAI, or for OPENAI_BASE_URL; never sent anywhere else",
    )
    model_api_version: str = Field(default="", description="set: the endpoint is Azure OpenAI")
    models: dict[str, str] = Field(
        default_factory=dict, description='another model name per specialist: {"debugger": "…"}'
    )
    second_model: str = Field(default="", description="asked when the first gives no answer")
    second_base_url: str = Field(default="", description="its endpoint; empty: the first one's")
    second_key: SecretStr | None = Field(default=None, description="the second endpoint's key")
    context_tokens: int = Field(
        default=16_000, description="longest conversation a model takes; sizes all that it is told"
    )
    call_s: float = Field(default=60, description="seconds for one request to the model")
    specialist_s: float = Field(default=120, description="seconds a specialist may think")
    incident_s: float = Field(default=600, description="seconds all of an incident may think")
    retries: int = Field(default=2, ge=0, description="times a failed request is sent again")
    prices: dict[str, tuple[float, float]] = Field(
        default_factory=dict,
        description='money per million input and output tokens: {"gpt-5": [1.25, 10]}; "*": others',
    )
    cached_share: float = Field(
        default=0.1, ge=0, le=1, description="what a token from the endpoint's cache counts"
    )
    tokens_per_specialist: int | None = Field(
        default=None, description="tokens, in one incident; by default as the context allows"
    )
    tokens_per_incident: int | None = Field(
        default=None, description="tokens, all specialists; by default as context and level allow"
    )
    tokens_per_day: int = Field(default=2_000_000, description="tokens, all incidents, UTC day")
    money_per_specialist: float | None = Field(default=None, description="in one incident")
    money_per_incident: float | None = Field(default=None, description="all specialists")
    money_per_day: float | None = Field(default=None, description="all incidents, UTC day")
    language: Literal["en", "zh"] = Field(
        default="en", description="of messages, documents and what the model writes"
    )
    tracing: Literal["", "console", "otlp"] = Field(default="", description="where spans go")
    tracing_content: bool = Field(default=False, description="spans carry the masked prompts too")

    @property
    def model_configured(self) -> bool:
        """Whether a model is wanted. A key alone configures nothing: it may be there for others,
        and nothing may leave the machine by surprise."""
        return bool(self.model or self.endpoint)

    @property
    def endpoint(self) -> str:
        """The base URL that is asked; empty: OpenAI's own."""
        return self.model_base_url or self.openai_base_url

    @property
    def endpoint_key(self) -> SecretStr | None:
        """The key for it. OPENAI_API_KEY belongs to OpenAI or to OPENAI_BASE_URL: it does not go
        to another place that WARROOM_MODEL_BASE_URL names."""
        own = self.endpoint in ("", self.openai_base_url)
        return self.model_key or (self.openai_key if own else None)


class Settings(ModelSettings):
    """What an installation may set. Every default works without a network or a key."""

    home: Path = Field(default=Path(".warroom"), description="database, checkpoints, files")
    database_url: str = Field(
        default="",
        description="a PostgreSQL: postgresql://user@host/name; empty: a file",
    )
    audit_key: Path | None = Field(
        default=None,
        description="file of the key that seals the audit log; workers of one database share it",
    )
    evidence_days: float = Field(
        default=90, gt=0, description="what tools answered is kept so long after an incident ended"
    )
    delivery_days: float = Field(
        default=30, gt=0, description="bodies of deliveries, and sent changes, are kept so long"
    )
    approval_minutes: float = Field(
        default=30, gt=0, description="a question lapses after this and is asked anew"
    )
    max_attempts: int = Field(default=3, description="mitigations tried before we hand over")
    act_confidence: float = Field(
        default=0.6, description="confidence from which a first move is proposed before debugging"
    )
    recursion_limit: int = Field(default=160, description="graph steps before it is stopped")
    severity_scale: dict[str, str] = Field(
        default_factory=dict,
        description='a source\'s own words, where its scale differs: {"P1": "P0", "P2": "P1"}',
    )

    @property
    def database(self) -> Path | str:
        """Our tables: a file in the home, or a URL."""
        return self.database_url or self.home / "warroom.db"

    @property
    def key_file(self) -> Path:
        """Of the key that seals the audit log."""
        return self.audit_key or self.home / "audit.key"

    @property
    def checkpoints(self) -> Path:
        """LangGraph's checkpoints."""
        return self.home / "checkpoints.db"

    def files(self, incident_id: str) -> Path:
        """The incident's files: document, postmortem, messages, charts."""
        return self.home / "incidents" / incident_id

    def outbox(self, incident_id: str, drill: bool = False) -> Path:
        """The incident's messages, one file a channel; a drill's lie apart from the real ones."""
        if drill:
            return self.home / "drills" / "messages" / incident_id
        return self.files(incident_id) / "messages"
