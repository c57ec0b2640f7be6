"""Configuration: environment variables that begin with WARROOM_, or a .env file."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an installation may set. Every default works without a network or a key."""

    model_config = SettingsConfigDict(env_prefix="WARROOM_", env_file=".env", extra="ignore")

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
