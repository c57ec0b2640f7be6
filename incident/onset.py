"""When an incident began: the one moment that windows, changes, durations and texts count from."""

from pydantic import AwareDatetime, BaseModel, Field


class Onset(BaseModel):
    """The first symptom, as exactly as it is known."""

    at: AwareDatetime = Field(description="UTC; not known: when the alert fired")
    between: tuple[AwareDatetime, AwareDatetime] | None = Field(
        default=None, description="last healthy and first ill moment, UTC; None: not measured"
    )
    known: bool = Field(description="whether telemetry tells it; else it is the latest that it was")
