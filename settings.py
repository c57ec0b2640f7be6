"""Configuration: environment variables that begin with WARROOM_, or a .env file."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ModelSettings(BaseSettings):
    """Which model reasons above the floor, and what it may use up. None by default."""

    model_config = SettingsConfigDict(
        env_prefix="WARROOM_", env_file=".env", extra="ignore", populate_by_name=True
    )

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
    context_tokens: int = Field(default=16_000, description="longest conversation a model takes")
    call_s: float = Field(default=60, description="seconds for one request to the model")
    specialist_s: float = Field(default=120, description="seconds a specialist may think")
    incident_s: float = Field(default=600, description="seconds all of an incident may think")
    retries: int = Field(default=2, ge=0, description="times a failed request is sent again")
    prices: dict[str, tuple[float, float]] = Field(
        default_factory=dict,
        description='money per million input and output tokens: {"gpt-5": [1.25, 10]}; "*": others',
    )
    tokens_per_specialist: int = Field(default=12_000, description="tokens, in one incident")
    tokens_per_incident: int = Field(default=60_000, description="tokens, all specialists")
    tokens_per_day: int = Field(default=2_000_000, description="tokens, all incidents, UTC day")
    money_per_specialist: float | None = Field(default=None, description="in one incident")
    money_per_incident: float | None = Field(default=None, description="all specialists")
    money_per_day: float | None = Field(default=None, description="all incidents, UTC day")
    language: Literal["en", "zh"] = Field(default="en", description="what the model writes in")
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
    approval_minutes: float = Field(default=30, description="an approval expires after this")
    max_attempts: int = Field(default=3, description="mitigations tried before we hand over")
    act_confidence: float = Field(
        default=0.6, description="confidence from which a first move is proposed before debugging"
    )
    recursion_limit: int = Field(default=80, description="graph steps before it is stopped")
    severity_scale: dict[str, str] = Field(
        default_factory=dict,
        description='a source\'s own words, where its scale differs: {"P1": "P0", "P2": "P1"}',
    )

    @property
    def database(self) -> Path:
        """Our tables."""
        return self.home / "warroom.db"

    @property
    def checkpoints(self) -> Path:
        """LangGraph's checkpoints."""
        return self.home / "checkpoints.db"

    def files(self, incident_id: str) -> Path:
        """The incident's files: document, postmortem, messages, charts."""
        return self.home / "incidents" / incident_id
