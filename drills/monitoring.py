"""Prometheus and Alertmanager around a run, where they are installed."""

import json
import shutil
import subprocess
from pathlib import Path

import httpx

from ..errors import DrillError
from .layout import Layout, targets

SERVER = ("prometheus",)
ALERTS = ("prometheus-alertmanager", "alertmanager")


def installed(names: tuple[str, ...]) -> str | None:
    """Path of the first of these programs that is on PATH."""
    return next(filter(None, map(shutil.which, names)), None)


def available() -> bool:
    """Whether both programs are on PATH."""
    return bool(installed(SERVER) and installed(ALERTS))


class Monitoring:
    """One Prometheus and one Alertmanager on loopback, with their data under root/."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.folder = layout.root / "prometheus"

    def start(self, alerting: str, webhook: str | None) -> list[subprocess.Popen]:
        """Write the configuration and start both; `alerting` is a Prometheus rule file."""
        server, alerts = installed(SERVER), installed(ALERTS)
        if server is None or alerts is None:
            raise DrillError("prometheus and alertmanager are not both on PATH; run without them")
        self.folder.mkdir(exist_ok=True)
        write_targets(self.layout)
        (self.folder / "rules.yml").write_text(alerting or "groups: []\n")
        self.write("prometheus.yml", self.scraping())
        self.write("alertmanager.yml", routing(webhook))
        return [
            self.launch(alerts, *self.alert_arguments()),
            self.launch(server, *self.arguments()),
        ]

    def write(self, name: str, content: dict) -> None:
        (self.folder / name).write_text(json.dumps(content, indent=2))  # JSON is YAML

    def scraping(self) -> dict:
        alertmanager = f"127.0.0.1:{self.layout.ports['alertmanager']}"
        return {
            "global": {
                "scrape_interval": "1s",
                "scrape_timeout": "800ms",
                "evaluation_interval": "1s",
            },
            "rule_files": [str(self.folder / "rules.yml")],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
            "scrape_configs": [
                {
                    "job_name": "shop",
                    "honor_labels": True,
                    "file_sd_configs": [
                        {"files": [str(targets_file(self.layout))], "refresh_interval": "5s"}
                    ],
                }
            ],
        }

    def arguments(self) -> list[str]:
        return [
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.layout.ports['prometheus']}",
        ]

    def alert_arguments(self) -> list[str]:
        return [
            f"--config.file={self.folder / 'alertmanager.yml'}",
            f"--storage.path={self.folder / 'alerts'}",
            f"--web.listen-address=127.0.0.1:{self.layout.ports['alertmanager']}",
            "--cluster.listen-address=",
        ]

    def launch(self, program: str, *arguments: str) -> subprocess.Popen:
        name = Path(program).name.removeprefix("prometheus-")
        with (self.layout.output / f"{name}.log").open("ab") as output:
            return subprocess.Popen(
                [program, *arguments],
                stdout=output,
                stderr=output,
                cwd=self.folder,
                start_new_session=True,
            )

    def ready(self) -> bool:
        try:
            urls = (self.layout.url(name) for name in ("prometheus", "alertmanager"))
            return all(
                httpx.get(f"{url}/-/ready", timeout=1, trust_env=False).is_success for url in urls
            )
        except httpx.HTTPError:
            return False


def targets_file(layout: Layout) -> Path:
    return layout.root / "prometheus" / "targets.json"


def write_targets(layout: Layout) -> None:
    """The scrape targets for Prometheus; the same ones that the scraper would take."""
    groups = [
        {
            "targets": [target.url.removeprefix("http://")],
            "labels": {"service": target.service, "instance": target.instance},
        }
        for target in targets(layout)
    ]
    text = json.dumps(groups, indent=2)
    file = targets_file(layout)
    if not file.exists() or file.read_text() != text:
        file.write_text(text)


def routing(webhook: str | None) -> dict:
    """Alertmanager's configuration: everything at once to the webhook."""
    receiver: dict = {"name": "responder"}
    if webhook:
        receiver["webhook_configs"] = [{"url": webhook, "send_resolved": True}]
    return {
        "route": {
            "receiver": "responder",
            "group_by": ["..."],
            "group_wait": "0s",
            "group_interval": "1s",
            "repeat_interval": "1h",
        },
        "receivers": [receiver],
    }
