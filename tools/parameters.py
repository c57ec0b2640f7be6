"""The parameters of each action, checked: what a model or a person may set, and no more."""

from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

WIDEST = {4: 24, 6: 64}
"""Shortest network prefix that may be blocked, by IP version."""
MAX_GOOD_SHARE = 0.05
"""Share of the good requests that a block may cut off."""


def _network(text: str) -> str:
    """An address, or a network no wider than a /24 (IPv6: /64), in canonical form."""
    network = ip_network(text, strict=False)
    if network.prefixlen < WIDEST[network.version]:
        raise ValueError(f"wider than /{WIDEST[network.version]}: name narrower sources")
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _route(text: str) -> str:
    """A route prefix that is not the whole site."""
    if not text.startswith("/") or text == "/":
        raise ValueError("a route prefix such as /login; / would throttle the whole site")
    return text


class Parameters(BaseModel):
    """Base: unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid")


class Nothing(Parameters):
    """The action has no parameters."""


class RollBack(Parameters):
    """Of a roll back."""

    to_version: str = Field(description="version to run again; deployed before")


class Scale(Parameters):
    """Of scaling."""

    instances: int = Field(ge=1, description="instances wanted in all, not added")


class Throttle(Parameters):
    """Of a rate limit at the edge."""

    route: Annotated[str, AfterValidator(_route)] = Field(description="route prefix limited")
    rate: float = Field(gt=0, le=1e6, description="requests per second let through")


class BlockSource(Parameters):
    """Of a block at the edge."""

    sources: list[Annotated[str, AfterValidator(_network)]] = Field(
        min_length=1, max_length=100, description="addresses or networks refused"
    )
    good_share: float = Field(
        ge=0,
        le=MAX_GOOD_SHARE,
        description="share of all successful requests that these sources sent, 0 to 1, measured; "
        "above the limit the block would hurt more users than it protects: throttle instead",
    )


class Reroute(Parameters):
    """Of sending requests elsewhere."""

    away_from: list[str] = Field(min_length=1, description="instances that get no more requests")


class SwitchProvider(Parameters):
    """Of using another third party."""

    to: str = Field(description="provider to use")


class RepairRows(Parameters):
    """Of a row repair."""

    columns: list[str] = Field(
        default_factory=list,
        description="columns written back; empty: all. Leave out columns that move in ordinary "
        "business, such as units on hand",
    )
    max_rows: int = Field(
        default=500, ge=1, le=5000, description="more damaged rows than this: nothing is changed"
    )
