"""What a service learns from its environment when it starts, and from files that may change."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints


@dataclass(frozen=True)
class Settings:
    """One running copy of one service."""

    service: str
    instance: str
    port: int
    config: Path
    telemetry: Path
    database_dsn: str = ""
    pool_size: int = 4
    concurrency: int = 16
    memory_limit_bytes: int = 0
    upstream_timeout_s: float = 2.0

    @classmethod
    def from_environment(cls) -> "Settings":
        """Each field from its variable: SHOP_SERVICE, SHOP_POOL_SIZE …"""
        types = get_type_hints(cls).items()
        return cls(**{name: make(os.environ[f"SHOP_{name.upper()}"]) for name, make in types})


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
    """The five files of the configuration repository."""

    def __init__(self, folder: Path) -> None:
        self.flags = WatchedFile(folder / "flags.json")
        self.edge = WatchedFile(folder / "edge.json")
        self.endpoints = WatchedFile(folder / "endpoints.json")
        self.providers = WatchedFile(folder / "providers.json")
        self.models = WatchedFile(folder / "models.json")

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
