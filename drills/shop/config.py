"""Configuration files that may change while the service runs."""

import json
import time
from pathlib import Path
from typing import Any

CHECK_EVERY_S = 0.3


class WatchedFile:
    """A JSON file, read again when its modification time moves."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checked = 0.0
        self.modified = 0
        self.value: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        now = time.monotonic()
        if now - self.checked >= CHECK_EVERY_S:
            self.checked = now
            self.refresh()
        return self.value

    def refresh(self) -> None:
        try:
            modified = self.path.stat().st_mtime_ns
            if modified != self.modified:
                self.value = json.loads(self.path.read_text())
                self.modified = modified
        except (OSError, ValueError):
            return  # half-written or moved: keep the last good value, look again soon


class Config:
    """The four files of the configuration repository."""

    def __init__(self, folder: Path) -> None:
        self.flags = WatchedFile(folder / "flags.json")
        self.edge = WatchedFile(folder / "edge.json")
        self.endpoints = WatchedFile(folder / "endpoints.json")
        self.providers = WatchedFile(folder / "providers.json")

    def flag(self, name: str) -> Any:
        """The default variant of a flagd flag; False when unknown or disabled."""
        flag = self.flags.read().get("flags", {}).get(name, {})
        if flag.get("state") != "ENABLED":
            return False
        return flag.get("variants", {}).get(flag.get("defaultVariant"), False)

    def urls(self, service: str) -> list[str]:
        """Base URLs of the active instances that are not drained."""
        drained = self.edge.read().get("drained", [])
        return [
            entry["url"]
            for entry in self.endpoints.read().get(service, [])
            if entry["active"] and entry["instance"] not in drained
        ]
