"""Third-party providers: which one a service uses, and switching to another."""

from typing import Any

from ..actions.capabilities import Committed, Providers, ProviderSet
from ..actions.inventory import Inventory, Part
from ..errors import ToolFailed
from .configuration import Configuration

FILE = "providers.json"


class ConfiguredProviders(Providers):
    """Who uses which provider for what ("ai")."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration

    def inventory(self) -> Inventory:
        """The providers that can be used, and who uses which."""
        document = dict(self.configuration.read(FILE))
        known = sorted(document.pop("providers", {}))
        using = {name: next(iter(uses.values()), "") for name, uses in document.items()}
        parts = {name: Part(provider=provider) for name, provider in using.items()}
        return Inventory(services=parts, providers=known)

    def switch(self, service: str, to: str) -> ProviderSet:
        """Let every capability of the service use `to`."""

        def edit(document: dict[str, Any]) -> ProviderSet:
            uses = _uses(document, service)
            if to not in document.get("providers", {}):
                known = ", ".join(sorted(document.get("providers", {})))
                raise ToolFailed(f"no provider {to}; known: {known or 'none'}")
            before = dict(uses)
            uses.update(dict.fromkeys(uses, to))
            note = f"{service} used {to} already" if before == uses else ""
            return ProviderSet(service=service, before=before, changed=before != uses, note=note)

        return self.configuration.update(FILE, f"Switch {service} to provider {to}", edit)

    def restore(self, was: ProviderSet) -> Committed:
        """Undo: the providers used before."""

        def edit(document: dict[str, Any]) -> Committed:
            _uses(document, was.service).update(was.before)
            return Committed(note=f"{was.service} uses its providers as before")

        return self.configuration.update(FILE, f"Return {was.service} to its provider", edit)


def _uses(document: dict[str, Any], service: str) -> dict[str, str]:
    if service == "providers" or service not in document:
        known = ", ".join(sorted(set(document) - {"providers"}))
        raise ToolFailed(f"{service} uses no provider; these do: {known or 'none'}")
    return document[service]
