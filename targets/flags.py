"""Feature flags in flagd's file format: what is on, and turning one off."""

from typing import Any

from ..errors import ToolFailed
from .configuration import Configuration, Receipt

FILE = "flags.json"


class Flags:
    """The flags of the configuration repository."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration

    def states(self) -> dict[str, bool]:
        """Every flag's name, and whether its default variant is anything but off."""
        return {name: is_on(flag) for name, flag in self._all(self.configuration.read(FILE))}

    def turn_off(self, name: str) -> Receipt:
        """Serve the off variant to everyone; a flag without one is disabled."""

        def edit(document: dict[str, Any]) -> Receipt:
            flag = self._find(document, name)
            before = {key: flag.get(key) for key in ("state", "defaultVariant")}
            was_on = is_on(flag)
            if was_on:
                flag.update(off_state(flag))
            note = "" if was_on else f"{name} was off already"
            return {"flag": name, "before": before, "changed": was_on, "note": note}

        return self.configuration.update(FILE, f"Turn off {name}", edit)

    def restore(self, name: str, before: dict[str, Any]) -> Receipt:
        """Undo: state and default variant as they were."""

        def edit(document: dict[str, Any]) -> Receipt:
            self._find(document, name).update(before)
            return {"flag": name, "restored": before}

        return self.configuration.update(FILE, f"Restore {name}", edit)

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
