"""What there is to act on: services, versions, flags, tables; a plan's target is among these."""

from pydantic import BaseModel, Field


class Part(BaseModel):
    """One service as operations see it."""

    instances: list[str] = Field(default_factory=list, description="taking requests")
    spares: list[str] = Field(default_factory=list, description="defined, not taking requests")
    version: str = Field(default="", description="the version it runs; empty: no release")
    previous: str = Field(default="", description="the version to roll back to; empty: none")
    versions: list[str] = Field(default_factory=list, description="versions it can be switched to")
    provider: str = Field(default="", description="the third party it uses; empty: none")
    edge: bool = Field(default=False, description="whether users' requests enter here")

    @property
    def most(self) -> int:
        """Instances that it can be scaled to."""
        return len(self.instances) + len(self.spares)


class Inventory(BaseModel):
    """Everything that an action may be aimed at."""

    services: dict[str, Part] = Field(default_factory=dict, description="by name")
    flags: dict[str, bool] = Field(default_factory=dict, description="name: whether it is on")
    tables: dict[str, list[str]] = Field(
        default_factory=dict, description="tables that have a backup, and their columns"
    )
    providers: list[str] = Field(default_factory=list, description="third parties to choose from")
    routes: list[str] = Field(
        default_factory=list, description="routes at the edge; empty: not known, any is accepted"
    )
