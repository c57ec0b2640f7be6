"""Who does what in the shop, and how often: the plan that the load generator follows."""

import math
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote_plus

from pydantic import Field

from ..yaml_tables import Entry
from .seed import KEYWORDS, PRODUCTS, USERS, password, sku, user

WEIGHTS = {
    "home": 16,
    "products": 8,
    "product": 22,
    "search": 14,
    "login": 8,
    "cart": 8,
    "checkout": 16,
    "recommendations": 8,
}
RATE = 17.0  # visits per second
RHYTHM_S, RHYTHM = 40.0, 0.12  # the slow swing of the rate
SESSIONS = 80
SOURCES = tuple(f"127.0.1.{number}" for number in range(1, 9))
BRANDS = ("visa", "visa", "mastercard", "mastercard", "amex")
COUPONS = ("WELCOME10", "SPRING15", "welcome10", "STAFF25")
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64) Firefox/146.0",
    "Mozilla/5.0 (Macintosh) Safari/619.1",
    "ShopApp/7.3 (Android 16)",
)
SCRIPT_AGENT = "python-requests/2.32"


@dataclass(frozen=True)
class CustomerRequest:
    """One HTTP request of a customer."""

    method: str
    path: str
    source: str
    session: str
    agent: str
    body: dict[str, Any] | None = None


class Stuffing(Entry):
    """Logins with passwords from leaks: number of addresses, tries per second."""

    sources: int
    rate: float


class Brand(Entry):
    """A burst of purchases with cards of one brand: checkouts per second, share declined."""

    name: str
    rate: float
    declined: float = 1.0


class OneClient(Entry):
    """One caller more, with an address of its own; the text is what it searches, logs in
    as or gives for its session."""

    kind: Literal["login", "search", "product", "suggest"]
    rate: float
    source: str
    agent: str
    text: str


class Steering(Entry):
    """What the run changes in the traffic while it flows."""

    rate: float = RATE
    surge: dict[str, float] = Field(default_factory=dict, description="factor per kind of visit")
    stuffing: Stuffing | None = None
    brand: Brand | None = None
    client: OneClient | None = None

    @classmethod
    def load(cls, path: Path) -> "Steering":
        """The steering in force; the ordinary traffic when none was written."""
        try:
            return cls.model_validate_json(path.read_text())
        except FileNotFoundError:
            return cls()

    def at(self, strength: float) -> "Steering":
        """The same, this much of it: every factor and every rate of its own."""
        update: dict[str, Any] = {
            name: one.model_copy(update={"rate": one.rate * strength})
            for name in ("stuffing", "brand", "client")
            if (one := getattr(self, name))
        }
        if self.surge:
            update["surge"] = {kind: factor * strength for kind, factor in self.surge.items()}
        return self.model_copy(update=update)


def rate_at(rate: float, elapsed_s: float) -> float:
    """Visits per second at that time of the rhythm."""
    return rate * (1 + RHYTHM * math.sin(2 * math.pi * elapsed_s / RHYTHM_S))


def rates(steering: Steering, elapsed_s: float) -> dict[str, float]:
    """Visits per second of each kind, surges and special traffic included."""
    base, total = rate_at(steering.rate, elapsed_s), sum(WEIGHTS.values())
    found = {
        kind: base * weight / total * steering.surge.get(kind, 1.0)
        for kind, weight in WEIGHTS.items()
    }
    if steering.stuffing:
        found["stuffing"] = steering.stuffing.rate
    if steering.brand:
        found["brand"] = steering.brand.rate
    if steering.client:
        found["client"] = steering.client.rate
    return found


class Customers:
    """Makes the requests of one visit of a kind."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.sessions = [f"s{rng.getrandbits(40):010x}" for _ in range(SESSIONS)]

    def visit(self, kind: str, steering: Steering) -> list[CustomerRequest]:
        """The requests of one visit, in order."""
        if kind == "stuffing" and steering.stuffing:
            return [self.stuffing(steering.stuffing.sources)]
        if kind == "client" and steering.client:
            return [self.one_client(steering.client)]
        number = self.rng.randrange(SESSIONS)
        who = (SOURCES[number % len(SOURCES)], self.sessions[number], AGENTS[number % len(AGENTS)])
        if kind in ("checkout", "brand"):
            return self.purchase(who, steering.brand if kind == "brand" else None)
        return [CustomerRequest(*self.browse(kind, who))]

    def one_client(self, client: OneClient) -> CustomerRequest:
        """What one caller with an address of its own asks."""
        who = (client.source, "", client.agent)
        text = quote_plus(client.text)
        if client.kind == "login":
            body = {"user": client.text, "password": "letmein"}
            return CustomerRequest("POST", "/login", *who, body)
        if client.kind == "suggest":
            return CustomerRequest(
                "GET", "/recommendations", client.source, client.text, client.agent
            )
        paths = {"search": f"/search?q={text}", "product": f"/products/{text}"}
        return CustomerRequest("GET", paths[client.kind], *who)

    def browse(self, kind: str, who: tuple[str, str, str]) -> tuple:
        if kind == "login":
            return ("POST", "/login", *who, self.credentials())
        if kind == "cart":
            return ("POST", "/cart", *who, self.item())
        paths = {
            "home": "/",
            "products": f"/products?page={self.rng.randrange(6)}",
            "product": f"/products/{self.any_sku()}",
            "search": f"/search?q={self.rng.choice(KEYWORDS).replace(' ', '+')}",
            "recommendations": "/recommendations",
        }
        return ("GET", paths[kind], *who)

    def any_sku(self) -> str:
        """Popular ones more often; now and then one that does not exist."""
        if self.rng.random() < 0.015:
            return sku(PRODUCTS + self.rng.randrange(400))
        return self.known_sku()

    def known_sku(self) -> str:
        return sku(int(PRODUCTS * self.rng.random() ** 2.5))

    def item(self) -> dict[str, Any]:
        return {"sku": self.known_sku(), "quantity": self.rng.choice((1, 1, 1, 2, 3))}

    def credentials(self) -> dict[str, str]:
        """Right most of the time; a few percent mistype."""
        number, luck = self.rng.randrange(USERS), self.rng.random()
        if luck < 0.01:
            return {"user": f"{user(number)}x", "password": password(number)}
        return {"user": user(number), "password": password(number) + ("?" if luck < 0.045 else "")}

    def stuffing(self, sources: int) -> CustomerRequest:
        """A try with a password from somebody else's leak."""
        number = self.rng.randrange(max(1, sources))
        source = f"127.0.{2 + number % 3}.{10 + number // 3}"
        name = self.rng.choice((user(self.rng.randrange(USERS)), f"mail{self.rng.randrange(9999)}"))
        body = {"user": name, "password": f"hunter{self.rng.randrange(1000)}"}
        return CustomerRequest("POST", "/login", source, "", SCRIPT_AGENT, body)

    def purchase(self, who: tuple[str, str, str], brand: Brand | None) -> list[CustomerRequest]:
        """Something into the cart, then the checkout."""
        name = brand.name if brand else self.rng.choice(BRANDS)
        declined = self.rng.random() < (brand.declined if brand else 0.03)
        body: dict[str, Any] = {
            "card": f"{self.rng.randrange(4000, 5600)}-0002" if declined else "4242-4242",
            "brand": name,
        }
        if self.rng.random() < 0.3:
            body["coupon"] = self.rng.choice(COUPONS)
        return [
            CustomerRequest("POST", "/cart", *who, self.item()),
            CustomerRequest("POST", "/checkout", *who, body),
        ]
