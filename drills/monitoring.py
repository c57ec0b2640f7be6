"""Prometheus and Alertmanager around a run, where they are installed."""

import json
import shutil
import subprocess
from pathlib import Path
from string import Template

import httpx

from ..errors import DrillError
from ..yaml_tables import read_table
from .keeper import spawn
from .layout import Layout, targets

SERVER = ("prometheus",)
ALERTS = ("prometheus-alertmanager", "alertmanager")
TEMPLATES = read_table("drills/monitoring.yaml", dict[str, str])
"""Configuration by file name."""


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

    def start(self, alerting: str, webhook: str) -> list[subprocess.Popen]:
        """Write the configuration and start both; `alerting` is a Prometheus rule file."""
        server, alerts = installed(SERVER), installed(ALERTS)
        if server is None or alerts is None:
            raise DrillError("prometheus and alertmanager are not both on PATH; run without them")
        self.folder.mkdir(exist_ok=True)
        write_targets(self.layout)
        (self.folder / "rules.yml").write_text(alerting or "groups: []\n")
        alertmanager = f"127.0.0.1:{self.layout.ports['alertmanager']}"
        filled = {"alertmanager": alertmanager, "webhook": webhook, "folder": str(self.folder)}
        for name, template in TEMPLATES.items():
            (self.folder / name).write_text(Template(template).substitute(filled))
        return [
            self.launch(
                alerts,
                f"--config.file={self.folder / 'alertmanager.yml'}",
                f"--storage.path={self.folder / 'alerts'}",
                f"--web.listen-address={alertmanager}",
                "--cluster.listen-address=",
            ),
            self.launch(
                server,
                f"--config.file={self.folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={self.folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{self.layout.ports['prometheus']}",
            ),
        ]

    def launch(self, program: str, *arguments: str) -> subprocess.Popen:
        name = Path(program).name.removeprefix("prometheus-")
        log = self.layout.output / f"{name}.log"
        return spawn([program, *arguments], log, cwd=self.folder)

    def ready(self) -> bool:
        try:
            urls = (self.layout.url(name) for name in ("prometheus", "alertmanager"))
            return all(
                httpx.get(f"{url}/-/ready", timeout=1, trust_env=False).is_success for url in urls
            )
        except httpx.HTTPError:
            return False


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
    file = layout.root / "prometheus" / "targets.json"
    if not file.exists() or file.read_text() != text:
        file.write_text(text)
