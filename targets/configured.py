"""What files of the configuration repository decide: edge, flags, providers, models."""

from collections.abc import Sequence
from typing import Any

from pydantic import JsonValue, ValidationError

from ..actions.capabilities import (
    Blocked,
    Committed,
    EdgeRules,
    FeatureFlags,
    FlagSet,
    LimitSet,
)
from ..actions.configuration import Providers, ProviderSet
from ..actions.inventory import Inventory, ModelUse, Part
from ..actions.models import ModelSet, ModelSettings
from ..errors import ToolFailed
from ..misfit import misfits
from .git import Configuration

EDGE = "edge.json"


class InFile:
    """What is decided by one file of the repository."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration


class Edge(EdgeRules):
    """Rules that the gateway (and, for drained instances, every client) obeys."""

    def __init__(self, configuration: Configuration, service: str = "gateway") -> None:
        self.configuration = configuration
        self.service = service

    def inventory(self) -> Inventory:
        """Where users' requests enter, and what is limited and refused there."""
        rules = self.rules()
        return Inventory(
            services={self.service: Part(edge=True)},
            limits=rules["limits"],
            blocked=rules["blocked"],
        )

    def rules(self) -> dict[str, Any]:
        """Blocked sources, limits in requests per second by route prefix, drained instances."""
        document = self.configuration.read(EDGE)
        return {
            "blocked": list(document.get("blocked", [])),
            "limits": dict(document.get("limits", {})),
            "drained": list(document.get("drained", [])),
        }

    def block(self, sources: Sequence[str]) -> Blocked:
        """Refuse requests from these addresses or networks."""
        return self._add("blocked", sources, f"Block {', '.join(sources)}")

    def unblock(self, sources: Sequence[str]) -> Committed:
        """Undo: let these in again."""
        return self._remove("blocked", sources, f"Unblock {', '.join(sources)}")

    def drain(self, instances: Sequence[str]) -> Blocked:
        """Send no new requests to these instances."""
        return self._add("drained", instances, f"Drain {', '.join(instances)}")

    def undrain(self, instances: Sequence[str]) -> Committed:
        """Undo: send requests there again."""
        return self._remove("drained", instances, f"Return {', '.join(instances)} to service")

    def throttle(self, route: str, rate: float | None) -> LimitSet:
        """Limit a route prefix to `rate` requests per second; None lifts the limit."""

        def edit(document: dict[str, Any]) -> LimitSet:
            limits = document.setdefault("limits", {})
            before = limits.get(route)
            if rate is None:
                limits.pop(route, None)
            else:
                limits[route] = rate
            note = f"{route} had this limit already" if before == rate else ""
            return LimitSet(route=route, before=before, changed=before != rate, note=note)

        verb = f"Limit {route} to {rate:g}/s" if rate is not None else f"Lift the limit on {route}"
        return self.configuration.update(EDGE, verb, edit)

    def _add(self, key: str, values: Sequence[str], summary: str) -> Blocked:
        """Add what is not there yet; the receipt's `added` is all that an undo may remove."""

        def edit(document: dict[str, Any]) -> Blocked:
            present = document.setdefault(key, [])
            added = [value for value in values if value not in present]
            present += added
            note = "" if added else f"all of them were {key} already"
            return Blocked(added=added, changed=bool(added), note=note)

        return self.configuration.update(EDGE, summary, edit)

    def _remove(self, key: str, values: Sequence[str], summary: str) -> Committed:
        def edit(document: dict[str, Any]) -> Committed:
            document[key] = [one for one in document.get(key, []) if one not in values]
            return Committed(note=summary)

        return self.configuration.update(EDGE, summary, edit)


# Feature flags in flagd's file format.

FLAGS, RULES = "flags.json", "targeting"


class Flags(InFile, FeatureFlags):
    """The flags of the configuration repository."""

    def inventory(self) -> Inventory:
        """Every flag's name, and whether anybody may be served anything but off."""
        flags = self.configuration.read(FLAGS).get("flags", {})
        return Inventory(flags={name: is_on(flags[name]) for name in sorted(flags)})

    def turn_off(self, flag: str) -> FlagSet:
        """Serve the off variant to everyone; a flag without one is disabled."""

        def edit(document: dict[str, Any]) -> FlagSet:
            found = _flag(document, flag)
            before = {key: found.get(key) for key in ("state", "defaultVariant", RULES)}
            was_on = is_on(found)
            if was_on:
                found.update(off_state(found))
                found.pop(RULES, None)
            note = "" if was_on else f"{flag} was off already"
            return FlagSet(flag=flag, before=before, changed=was_on, note=note)

        return self.configuration.update(FLAGS, f"Turn off {flag}", edit)

    def restore(self, was: FlagSet) -> Committed:
        """Undo: state, default variant and rules as they were."""

        def edit(document: dict[str, Any]) -> Committed:
            found = _flag(document, was.flag)
            for key, value in was.before.items():
                found.pop(key, None) if value is None else found.update({key: value})
            return Committed(note=f"{was.flag} is as before")

        return self.configuration.update(FLAGS, f"Restore {was.flag}", edit)


def _flag(document: dict[str, Any], name: str) -> dict[str, Any]:
    flags = document.get("flags", {})
    if name not in flags:
        raise ToolFailed(f"no flag {name}; known: {', '.join(sorted(flags)) or 'none'}")
    return flags[name]


def is_on(flag: dict[str, Any]) -> bool:
    """Whether the flag is enabled and its default variant has a value that counts as true; where
    rules choose, any variant."""
    variants = flag.get("variants", {})
    served = variants.values() if flag.get(RULES) else [variants.get(flag.get("defaultVariant"))]
    return flag.get("state") == "ENABLED" and any(served)


def off_state(flag: dict[str, Any]) -> dict[str, str]:
    """What to set so that the flag is off: its false variant, else the disabled state."""
    for variant, value in flag.get("variants", {}).items():
        if value is False:
            return {"defaultVariant": variant}
    return {"state": "DISABLED"}


PROVIDERS = "providers.json"


class ConfiguredProviders(InFile, Providers):
    """Who uses which provider for what ("ai")."""

    def inventory(self) -> Inventory:
        """The providers that can be used, and who uses which."""
        document = dict(self.configuration.read(PROVIDERS))
        known = sorted(document.pop("providers", {}))
        using = {name: Part(provider=[*uses.values(), ""][0]) for name, uses in document.items()}
        return Inventory(services=using, providers=known)

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

        return self.configuration.update(PROVIDERS, f"Switch {service} to provider {to}", edit)

    def restore(self, was: ProviderSet) -> Committed:
        """Undo: the providers used before."""

        def edit(document: dict[str, Any]) -> Committed:
            _uses(document, was.service).update(was.before)
            return Committed(note=f"{was.service} uses its providers as before")

        return self.configuration.update(PROVIDERS, f"Return {was.service} to its provider", edit)


def _uses(document: dict[str, Any], service: str) -> dict[str, str]:
    if service == "providers" or service not in document:
        known = ", ".join(sorted(set(document) - {"providers"}))
        raise ToolFailed(f"{service} uses no provider; these do: {known or 'none'}")
    return document[service]


MODELS = "models.json"


class ConfiguredModels(InFile, ModelSettings):
    """How services use their language models: by service the fields of `ModelUse`."""

    def inventory(self) -> Inventory:
        """Who uses a model, and how."""
        uses = self.configuration.read(MODELS).items()
        return Inventory(services={name: Part(ai=_use(use)) for name, use in uses})

    def set(self, service: str, setting: str, value: JsonValue) -> ModelSet:
        """Let a field of `ModelUse` have this value."""

        def edit(document: dict[str, Any]) -> ModelSet:
            if service not in document:
                raise ToolFailed(f"{service} uses no model; these do: {', '.join(document)}")
            was = getattr(_use(document[service]), setting)
            document[service][setting] = value
            note = f"{service} has {setting} {value} already" if was == value else ""
            return ModelSet(
                service=service, setting=setting, before=was, changed=not note, note=note
            )

        return self.configuration.update(MODELS, f"Set {setting} of {service} to {value}", edit)


def _use(content: Any) -> ModelUse:
    try:
        return ModelUse.model_validate(content)
    except ValidationError as error:
        raise ToolFailed(
            f"{MODELS}: {'; '.join(misfits(error, 'it'))}: correct it first"
        ) from error
