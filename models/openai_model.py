"""Any OpenAI-compatible endpoint: OpenAI, Azure OpenAI, a gateway, a server on this machine."""

import ssl
import time
from collections.abc import Callable
from functools import cache
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx2
import openai

from ..errors import ModelUnavailable
from .endpoint import habits_of
from .ladder import Ladder
from .protocol import Answer, Ask
from .retrying import Retrying
from .wire import Wire

NO_KEY = "none"
"""The client insists on a key; local servers read none."""
LIST_S = 10
"""Seconds to wait for the list of models."""


def connect(base_url: str = "", key: str = "", api_version: str = "") -> openai.OpenAI:
    """A client that never retries by itself. An empty base URL is OpenAI's own."""
    # A proxy of the surroundings is for the outside: it does not reach a server on this machine.
    http_client = httpx2.Client(verify=trusted(), trust_env=not is_local(base_url))
    key = key or NO_KEY
    if api_version:
        return openai.AzureOpenAI(
            azure_endpoint=base_url,
            api_key=key,
            api_version=api_version,
            max_retries=0,
            http_client=http_client,
        )
    return openai.OpenAI(
        base_url=base_url or "https://api.openai.com/v1",
        api_key=key,
        max_retries=0,
        http_client=http_client,
    )


@cache
def trusted() -> ssl.SSLContext:
    """Whom we trust: read once, it takes a tenth of a second."""
    return httpx2.create_ssl_context()


def is_local(base_url: str) -> bool:
    """Whether the endpoint is on this machine."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class OpenAIModel:
    """A model behind a chat completions endpoint; without a name the first that is listed."""

    def __init__(
        self,
        client: openai.OpenAI,
        name: str = "",
        *,
        retries: int = 2,
        call_s: float = 60,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.client = client
        self.retries = retries
        self.call_s = call_s
        self.sleep = sleep
        self._name = name
        self._ladder: Ladder | None = None

    @property
    def name(self) -> str:
        """As configured; once it was asked without a name, as listed."""
        return self._name or "the first listed"

    def ask(self, ask: Ask) -> Answer:
        """One answer. Raises ModelError."""
        self._ladder = self._ladder or self._build()
        return self._ladder.ask(ask)

    def _build(self) -> Ladder:
        self._name = self._name or first_listed(self.client)
        habits = habits_of(str(self.client.base_url), self._name)
        wire = Wire(self.client, self._name, habits, self.call_s)
        return Ladder(Retrying(wire, self.retries, self.sleep), habits)


def first_listed(client: openai.OpenAI) -> str:
    """The first model that the endpoint lists. Raises ModelUnavailable."""
    try:
        listed = client.models.list(timeout=LIST_S).data
    except openai.OpenAIError as error:
        raise ModelUnavailable(
            f"{client.base_url} lists no models ({error}); set WARROOM_MODEL"
        ) from error
    except (AttributeError, TypeError, ValueError) as error:  # the client checks no answer
        raise ModelUnavailable(
            f"{client.base_url} does not speak OpenAI's protocol; check the base URL (ends in /v1?)"
        ) from error
    if not listed:
        raise ModelUnavailable(f"{client.base_url} lists no models; set WARROOM_MODEL")
    return listed[0].id
