"""What a service learns from its environment when it starts."""

import os
from dataclasses import dataclass
from pathlib import Path


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
        env = os.environ
        return cls(
            service=env["SHOP_SERVICE"],
            instance=env["SHOP_INSTANCE"],
            port=int(env["SHOP_PORT"]),
            config=Path(env["SHOP_CONFIG"]),
            telemetry=Path(env["SHOP_TELEMETRY"]),
            database_dsn=env.get("SHOP_DATABASE", ""),
            pool_size=int(env.get("SHOP_POOL_SIZE", "4")),
            concurrency=int(env.get("SHOP_CONCURRENCY", "16")),
            memory_limit_bytes=int(env.get("SHOP_MEMORY_LIMIT", "0")),
            upstream_timeout_s=float(env.get("SHOP_UPSTREAM_TIMEOUT", "2.0")),
        )
