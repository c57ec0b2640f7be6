"""Third-party providers: which one a service uses, and switching to another."""

from typing import Any

from ..errors import ToolFailed
from .configuration import Configuration, Receipt

FILE = "providers.json"


class Providers:
    """Who uses which provider for what ("ai")."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration

    def in_use(self) -> dict[str, dict[str, str]]:
        """Service to {capability: provider}."""
        document = self.configuration.read(FILE)
        return {name: dict(uses) for name, uses in document.items() if name != "providers"}

    def known(self) -> list[str]:
        """Names of the providers that can be used."""
        return sorted(self.configuration.read(FILE).get("providers", {}))

    def switch(self, service: str, to: str) -> Receipt:
        """Let every capability of the service use `to`."""

        def edit(document: dict[str, Any]) -> Receipt:
            uses = _uses(document, service)
            if to not in document.get("providers", {}):
                known = ", ".join(sorted(document.get("providers", {})))
                raise ToolFailed(f"no provider {to}; known: {known or 'none'}")
            before = dict(uses)
            uses.update(dict.fromkeys(uses, to))
            note = f"{service} used {to} already" if before == uses else ""
            return {"service": service, "before": before, "changed": before != uses, "note": note}

        return self.configuration.update(FILE, f"Switch {service} to provider {to}", edit)

    def restore(self, service: str, before: dict[str, str]) -> Receipt:
        """Undo: the providers used before."""

        def edit(document: dict[str, Any]) -> Receipt:
            _uses(document, service).update(before)
            return {"service": service, "restored": dict(before)}

        return self.configuration.update(FILE, f"Return {service} to its provider", edit)


def _uses(document: dict[str, Any], service: str) -> dict[str, str]:
    if service == "providers" or service not in document:
        known = ", ".join(sorted(set(document) - {"providers"}))
        raise ToolFailed(f"{service} uses no provider; these do: {known or 'none'}")
    return document[service]
