"""A model whose every answer is a span: `chat {model}`, by the GenAI conventions.

It wraps the endpoint itself, inside of masking: content that goes into a trace is masked already.
"""

from urllib.parse import urlsplit

from ..tracing import model_span
from .protocol import Answer, Ask, Model

PROVIDERS = {
    "openai.azure.com": "azure.ai.openai",
    "cognitiveservices.azure.com": "azure.ai.openai",
    "models.ai.azure.com": "azure.ai.inference",
    "api.anthropic.com": "anthropic",
    "api.cohere.com": "cohere",
    "api.cohere.ai": "cohere",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
}
"""Hosts, and the provider as the conventions name it; whoever else speaks it is "openai"."""


class Traced:
    """A model, traced where tracing is on; else the model and nothing more."""

    def __init__(self, model: Model, base_url: str = "") -> None:
        """Wrap a model.

        Args:
            model: who answers.
            base_url: where it is asked; empty: OpenAI's own, or no server at all.
        """
        self.model = model
        self.server = server_of(base_url)
        self.provider = provider_of(self.server[0] if self.server else "")

    @property
    def name(self) -> str:
        """The wrapped model's name."""
        return self.model.name

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
    for known, name in PROVIDERS.items():
        if host == known or host.endswith(("." + known, "-" + known)):
            return name
    return "openai"
