"""A run's whole environment: the shop, its database, its operations and its customers.

    with Shop.start(root) as shop:
        shop.deploy("catalog", [("shop/catalog.py", "24", "48")], "Show more", "Catalog <c@x>")

Leaving the block, an exception, Ctrl-C or the death of this process ends every process.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import psycopg
from psycopg.rows import dict_row

from ..errors import DrillError
from .configuration import OPERATOR, write_json
from .git import AUTHOR
from .layout import PROVIDERS, Layout
from .releases import Edit
from .startup import Parts, bring_up, wait_until


class Shop:
    """A running shop. Paths: `root`, `telemetry` (the live bundle), `operations_file`."""

    def __init__(self, layout: Layout, parts: Parts) -> None:
        self.layout = layout
        self.parts = parts
        self.root = layout.root
        self.telemetry = layout.telemetry
        self.operations_file = layout.root / "operations.json"
        self.steering: dict[str, Any] = {}

    @classmethod
    def start(
        cls,
        root: Path,
        *,
        rules: Sequence[dict[str, Any]] = (),
        windows: dict[str, float] | None = None,
        prometheus: bool = False,
        webhook: str | None = None,
        alerting: str = "",
        links: Sequence[str] = (),
    ) -> "Shop":
        """Start everything in an empty `root`; returns when customers are being served.

        `rules` go into the catalogue. With `prometheus`, Prometheus scrapes and evaluates
        `alerting` (the text of a rule file) and Alertmanager posts to `webhook`. `links` are
        laid between services from the start (`Layout.create`).
        DrillError says what did not start, and where its output is.
        """
        layout = Layout.create(root, links)
        parts = Parts(layout)
        try:
            bring_up(parts, list(rules), windows)
            monitoring = parts.start_prometheus(alerting, webhook) if prometheus else None
            parts.start_scraper(prometheus)
            parts.start_load()
            parts.first_traffic()
            if monitoring:
                wait_until(monitoring.ready, "Prometheus", layout.output / "prometheus.log")
        except BaseException:
            parts.end()
            raise
        return cls(layout, parts)

    def __enter__(self) -> "Shop":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End every process; what was written stays."""
        self.parts.end()

    def deploy(
        self, service: str, patches: Sequence[Edit], message: str, author: str = AUTHOR
    ) -> str:
        """Release the edits (path, before, after) and run the service from them.

        Returns the new version. Every running instance of the service is restarted.
        """
        releases, supervision = self.parts.releases, self.parts.supervision
        version = releases.release(patches, message, author)
        releases.deploy(service, version, author)
        for program in supervision.running(service):
            supervision.restart(program)
        return version

    def set_flag(
        self, name: str, variant: str, author: str = OPERATOR, message: str | None = None
    ) -> str:
        """Change a flag's default variant; returns the commit."""
        text = message or f"Turn {name} {variant}"
        return self.parts.configuration.set_flag(name, variant, text, author)

    def write_config(
        self,
        file: str,
        mutate: Callable[[dict[str, Any]], None],
        message: str,
        author: str = OPERATOR,
    ) -> str:
        """Change a configuration file in place by `mutate` and commit; returns the commit."""
        return self.parts.configuration.change(file, mutate, message, author)

    def pid(self, service: str) -> int:
        """Process id of a service's first instance, or of a named instance."""
        instances = self.layout.of(service)
        return self.parts.supervision.pid(instances[0].name if instances else service)

    def sql(self, statement: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Run a statement as the database's superuser; its rows, if it has any."""
        with psycopg.connect(self.parts.postgres.admin) as connection:
            cursor = connection.cursor(row_factory=dict_row)
            cursor.execute(statement.encode(), params or None)
            return cursor.fetchall() if cursor.description else []

    def load(self, **steering: Any) -> None:
        """Steer the traffic: rate=, surge=, stuffing=, brand= (see traffic.Steering).

        What was set before stays; None takes a setting back.
        """
        merged = {**self.steering, **steering}
        self.steering = {name: value for name, value in merged.items() if value is not None}
        write_json(self.layout.traffic / "steering.json", self.steering)

    def set_quota(self, provider: str, tokens: int) -> None:
        """What is left of an AI provider's token quota."""
        if provider not in PROVIDERS:
            raise DrillError(f"no AI provider {provider!r}; known: {', '.join(PROVIDERS)}")
        url = f"{self.layout.url(f'ai-{provider}')}/quota/{tokens}"
        httpx.put(url, timeout=2, trust_env=False).raise_for_status()

    def answers(self) -> dict[str, int]:
        """How many answers the customers got so far, by status or error."""
        return json.loads((self.layout.traffic / "answers.json").read_text())["answers"]
