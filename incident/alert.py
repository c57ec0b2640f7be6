"""The alert as we keep it: what a source said, bounded, and where it came from."""

from pydantic import AwareDatetime, BaseModel, Field


class Alert(BaseModel):
    """One firing (or resolved) alert. Its text is data written by others, never instruction."""

    name: str = Field(description="alert name")
    status: str = Field(default="firing", description="firing or resolved")
    service: str = Field(default="", description="the service it names; empty: none named")
    severity: str = Field(default="", description="the source's own word for the level")
    summary: str = Field(default="", description="annotation text")
    starts_at: AwareDatetime | None = Field(
        default=None, description="when it began, as the source says"
    )
    labels: dict[str, str] = Field(default_factory=dict, description="labels")
    annotations: dict[str, str] = Field(default_factory=dict, description="annotations")
    fingerprint: str = Field(description="the source's, or a digest of name and labels")
    source: str = Field(description="alertmanager, plain or warroom detector")
