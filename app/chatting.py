"""`slack:` of warroom.yaml: which channel hears of what, how we are reached, who is who."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ..incident.severity import Severity
from ..yaml_tables import Entry

Place = Annotated[str, Field(pattern=r"^(#[\w.-]{1,80}|[CGD][A-Z0-9]{2,20})$")]
API = "https://slack.com/api/"


class Slack(Entry):
    """One workspace."""

    mode: Literal["socket", "http"] = Field(
        default="socket", description="http: Slack posts to /slack/events, signed"
    )
    bot_token_file: Path = Field(description="holds xoxb-…: chat:write, commands, users:read.email")
    app_token_file: Path | None = Field(default=None, description="holds xapp-…, for mode socket")
    signing_secret_file: Path | None = Field(default=None, description="for mode http")
    channels: dict[Severity | Literal["default"], Place] = Field(
        min_length=1, description="by level, `default` for the others: a name or an id"
    )
    teams: dict[str, Place] = Field(
        default={}, description="a team's own channel, for its incidents of any level"
    )
    p3_hour: Annotated[int, Field(ge=0, le=23)] | None = Field(
        default=9,
        description="hour, UTC, at which a day's P3 incidents are told in one message; null: each",
    )
    p3_language: Literal["en", "zh"] = Field(default="en", description="of that message")
    users: dict[Annotated[str, Field(pattern=r"^[UW][A-Z0-9]{2,20}$")], str] = Field(
        default={}, description="accounts by Slack's id of their person"
    )
    by_email: bool = Field(
        default=False, description="a confirmed address of the workspace is the account of its name"
    )
    url: str = Field(default=API, pattern=r"^https?://[^\s?#@]+/$", description="of the Web API")

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.mode == "socket" and self.app_token_file is None:
            raise ValueError("mode socket wants `app_token_file`: an app-level token, xapp-…")
        if self.mode == "http" and self.signing_secret_file is None:
            raise ValueError("mode http wants `signing_secret_file`, of Basic Information")
        return self

    def channel(self, severity: Severity, team: str) -> str:
        """Where an incident is told; empty: nowhere."""
        told = self.channels.get(severity) or self.channels.get("default", "")
        return self.teams.get(team, told)
