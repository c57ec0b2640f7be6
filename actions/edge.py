"""What is done where requests enter: a route is limited, attacking addresses are refused."""

from collections.abc import Sequence
from ipaddress import ip_network
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from ..errors import ToolRetry
from ..incident.action import ActionKind
from .base import PROFILES, Action, Probe
from .capabilities import Blocked, EdgeRules, LimitSet, Offers, Receipt, Stored
from .inventory import Inventory, known_as, unknown

MEASURED = ("good_share",)
"""Parameters that telemetry decides; the limit on them would mean nothing if people set them."""


def _route(text: str) -> str:
    """A route prefix that is not the whole site."""
    if not text.startswith("/") or text == "/":
        raise ValueError("a route prefix such as /login; / would throttle the whole site")
    return text


class Throttle(Action):
    """Limit the rate of a route where requests enter."""

    kind = ActionKind("throttle")
    profile = PROFILES[kind]
    needs = EdgeRules
    aims = "edges"

    route: Annotated[str, AfterValidator(_route)] = Field(description="route prefix limited")
    rate: float = Field(gt=0, le=1e6, description="requests per second let through")

    def check(self, inventory: Inventory) -> None:
        """An edge service, and a route of it where routes are known."""
        known_as("edge service", self.target, inventory.edges())
        if inventory.routes and not any(one.startswith(self.route) for one in inventory.routes):
            raise unknown("route", self.route, inventory.routes)

    def probe(self, found: Stored, inventory: Inventory) -> Probe:
        """Done where the limit is there; another one, or none, may have been there before."""
        return Probe.told(inventory.limits.get(self.route), self.rate, self.rate)

    def perform(self, system: Offers) -> LimitSet:
        """In place of a limit that the route has."""
        return system.find(EdgeRules, self.target).throttle(self.route, self.rate)

    def undo(self, system: Offers, stored: Stored) -> LimitSet:
        """The limit before, or none."""
        was = LimitSet.read(stored)
        return system.find(EdgeRules, self.target).throttle(self.route, was.before)


def rising(shares: Sequence[int]) -> Sequence[int]:
    """Percentages of which each is more than the one before."""
    if list(shares) != sorted(set(shares)):
        raise ValueError(f"{[*shares]} do not rise: write percentages such as [10, 50, 100]")
    return shares


Share = Annotated[int, Field(ge=1, le=100)]
"""Percent."""


class BringBack(Action):
    """Let back in what a limit of ours holds back, share by share."""

    kind = ActionKind("bring back")
    profile = PROFILES[kind]
    needs = EdgeRules
    aims = "edges"
    cures = False
    returns = True

    route: Annotated[str, AfterValidator(_route)] = Field(description="route prefix, limited now")
    limit: float = Field(gt=0, le=1e6, description="requests per second let through now")
    full: float = Field(gt=0, le=1e6, description="requests per second when all is well")
    stages: Annotated[list[Share], AfterValidator(rising)] = Field(
        min_length=1, max_length=10, description="percent of what is held back; 100 lifts the limit"
    )

    @property
    def rates(self) -> list[float | None]:
        """The limit now and after each share, requests per second; None: there is no limit."""
        held = max(0.0, self.full - self.limit)
        shares = [None if s == 100 else round(self.limit + held * s / 100, 3) for s in self.stages]
        return [self.limit, *shares]

    def check(self, inventory: Inventory) -> None:
        """An edge service, and a route of it that is limited as it was left."""
        known_as("edge service", self.target, inventory.edges())
        known_as("limited route", self.route, inventory.limits)
        now, was = inventory.limits[self.route], self.rates[-2]
        if now != was:
            raise ToolRetry(f"{self.route} is limited to {now:g}/s by now, not to {was:g}/s")

    def probe(self, found: Stored, inventory: Inventory) -> Probe:
        """By the limit that its last share leaves."""
        return Probe.told(inventory.limits.get(self.route), self.rates[-1], self.rates[-2])

    def perform(self, system: Offers) -> LimitSet:
        """The last of its shares; those before were measured."""
        return system.find(EdgeRules).throttle(self.route, self.rates[-1])

    def undo(self, system: Offers, stored: Stored) -> LimitSet:
        """Back to the share before, or to the limit that was there first."""
        return system.find(EdgeRules).throttle(self.route, self.rates[-2])


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


class BlockSource(Action):
    """Refuse requests from addresses or networks."""

    kind = ActionKind("block source")
    profile = PROFILES[kind]
    needs = EdgeRules
    aims = "edges"
    answer: ClassVar[str] = "403"
    """What the edge answers to those whom it refuses."""

    sources: list[Annotated[str, AfterValidator(_network)]] = Field(
        min_length=1, max_length=100, description="addresses or networks refused"
    )
    good_share: float = Field(
        ge=0,
        le=MAX_GOOD_SHARE,
        description="share of all successful requests that these sources sent, 0 to 1, measured; "
        "above the limit the block would hurt more users than it protects: throttle instead",
    )

    def check(self, inventory: Inventory) -> None:
        """An edge service."""
        known_as("edge service", self.target, inventory.edges())

    def probe(self, found: Stored, inventory: Inventory) -> Probe:
        """By the sources: one commit blocks them all or none."""
        there = [source in inventory.blocked for source in self.sources]
        return Probe.done if all(there) else Probe.cannot_tell if any(there) else Probe.not_done

    def perform(self, system: Offers) -> Blocked:
        """Those that are not blocked yet."""
        return system.find(EdgeRules, self.target).block(self.sources)

    def undo(self, system: Offers, stored: Stored) -> Receipt:
        """Exactly those that were added."""
        return system.find(EdgeRules, self.target).unblock(Blocked.read(stored).added)
