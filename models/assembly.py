"""Builds the model that the settings describe; None when they describe none.

Importing this is quick: the client takes a second to import and waits until a model is wanted.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import SecretStr

from ..settings import ModelSettings
from ..tracing.spans import model_span
from .patterns import hosts
from .protocol import Answer, Ask, Model, Wrapped
from .wrapping import Breaker, Fallback


class TracedModel(Wrapped):
    """A model, traced where tracing is on; else the model and nothing more."""

    def __init__(self, model: Model, base_url: str = "") -> None:
        """Wrap a model.

        Args:
            model: who answers.
            base_url: where it is asked; empty: OpenAI's own, or no server at all.
        """
        super().__init__(model)
        self.server = server_of(base_url)
        self.provider = provider_of(self.server[0] if self.server else "")

    def ask(self, ask: Ask) -> Answer:
        """The wrapped model's answer. Raises what it raises."""
        with model_span(ask, self.name, self.provider, self.server) as span:
            answer = self.model.ask(ask)
            span.answered(answer)
        return answer


def server_of(base_url: str) -> tuple[str, int] | None:
    """Host and port of an address; None where it names no host."""
    address = urlsplit(base_url)
    if not address.hostname:
        return None
    return address.hostname, address.port or (80 if address.scheme == "http" else 443)


def provider_of(host: str) -> str:
    """The provider behind a host, as well as its name tells: the client speaks OpenAI's protocol
    with all of them."""
    for known, name in hosts().providers.items():
        if host == known or host.endswith(("." + known, "-" + known)):
            return name
    return "openai"


class Routed(Wrapped):
    """Asks the model of the specialist that asks; the common one for all who have none."""

    def __init__(self, common: Model, own: Mapping[str, Model]) -> None:
        super().__init__(common)
        self.own = own

    def ask(self, ask: Ask) -> Answer:
        """Its model's answer. Raises ModelError."""
        return self.own.get(ask.specialist, self.model).ask(ask)


def model_from(settings: ModelSettings) -> Model | None:
    """Fallback > Breaker > Traced > OpenAIModel for every model name; None: nothing configured.

    Masking and the budget belong to an incident: agents/reasoning/layer.py wraps them around it.
    """
    if not settings.model_configured:
        return None
    second, own = _second(settings), specialist_models(settings)

    def of(name: str) -> Model:
        first = _endpoint(settings, name, settings.endpoint, settings.endpoint_key)
        return Fallback(first, second) if second else first

    common = of(settings.model)
    by_name = {name: of(name) for name in sorted(set(own.values()))}
    return Routed(common, {who: by_name[name] for who, name in own.items()}) if own else common


def specialist_models(settings: ModelSettings) -> dict[str, str]:
    """Specialist -> model name, for those that have another than the common one."""
    return {who: name for who, name in settings.models.items() if name != settings.model}


def describe(settings: ModelSettings) -> str:
    """One line: which model at which host, and where the second one is; empty: none."""
    if not settings.model_configured:
        return ""
    told = _at(settings.model, settings.endpoint)
    if settings.models:
        told += f" ({', '.join(f'{who}: {name}' for who, name in settings.models.items())})"
    if settings.second_model or settings.second_base_url:
        url = settings.second_base_url or settings.endpoint
        told += f"; then {_at(settings.second_model or settings.model, url)}"
    return told


def _at(model: str, base_url: str) -> str:
    host = urlsplit(base_url).netloc.rpartition("@")[2] or "api.openai.com"
    return f"{model or 'the first listed model'} at {host}"


def _second(settings: ModelSettings) -> Model | None:
    """The first one's key is for the first one's endpoint only."""
    if not (settings.second_model or settings.second_base_url):
        return None
    name, url = settings.second_model or settings.model, settings.second_base_url
    key = settings.second_key if url else settings.second_key or settings.endpoint_key
    return _endpoint(settings, name, url or settings.endpoint, key)


def _endpoint(settings: ModelSettings, name: str, base_url: str, key: SecretStr | None) -> Model:
    from .openai_model import OpenAIModel, connect

    version = settings.model_api_version if base_url == settings.endpoint else ""
    client = connect(base_url, key.get_secret_value() if key else "", version)
    model = OpenAIModel(client, name, retries=settings.retries, call_s=settings.call_s)
    return Breaker(TracedModel(model, base_url))
