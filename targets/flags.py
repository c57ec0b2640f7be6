"""Feature flags in flagd's file format: what is on, and turning one off."""

from typing import Any

from ..actions.capabilities import Committed, FeatureFlags, FlagSet
from ..actions.inventory import Inventory
from ..errors import ToolFailed
from .configuration import Configuration

FILE = "flags.json"


class Flags(FeatureFlags):
    """The flags of the configuration repository."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration

    def inventory(self) -> Inventory:
        """Every flag's name, and whether its default variant is anything but off."""
        document = self.configuration.read(FILE)
        return Inventory(flags={name: is_on(flag) for name, flag in self._all(document)})

    def turn_off(self, flag: str) -> FlagSet:
        """Serve the off variant to everyone; a flag without one is disabled."""

        def edit(document: dict[str, Any]) -> FlagSet:
            found = self._find(document, flag)
            before = {key: found.get(key) for key in ("state", "defaultVariant")}
            was_on = is_on(found)
            if was_on:
                found.update(off_state(found))
            note = "" if was_on else f"{flag} was off already"
            return FlagSet(flag=flag, before=before, changed=was_on, note=note)

        return self.configuration.update(FILE, f"Turn off {flag}", edit)

    def restore(self, was: FlagSet) -> Committed:
        """Undo: state and default variant as they were."""

        def edit(document: dict[str, Any]) -> Committed:
            self._find(document, was.flag).update(was.before)
            return Committed(note=f"{was.flag} is as before")

        return self.configuration.update(FILE, f"Restore {was.flag}", edit)

    def _all(self, document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        return sorted(document.get("flags", {}).items())

    def _find(self, document: dict[str, Any], name: str) -> dict[str, Any]:
        flags = dict(self._all(document))
        if name not in flags:
            raise ToolFailed(f"no flag {name}; known: {', '.join(flags) or 'none'}")
        return flags[name]


def is_on(flag: dict[str, Any]) -> bool:
    """Whether the flag is enabled and its default variant has a value that counts as true."""
    value = flag.get("variants", {}).get(flag.get("defaultVariant"))
    return flag.get("state") == "ENABLED" and bool(value)


def off_state(flag: dict[str, Any]) -> dict[str, str]:
    """What to set so that the flag is off: its false variant, else the disabled state."""
    for variant, value in flag.get("variants", {}).items():
        if value is False:
            return {"defaultVariant": variant}
    return {"state": "DISABLED"}
