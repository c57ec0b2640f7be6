"""A fake of Alertmanager, made from its published API (api/v2/openapi.yaml)."""

from typing import Any

from warroom.tests.support.http_backends import HttpBackend, Question, Reply


class AlertmanagerBackend(HttpBackend):
    """`/api/v2/alerts`, `/receivers` and `/status`."""

    def __init__(self) -> None:
        super().__init__()
        self.alerts: list[dict[str, Any]] = []
        self.receivers = ["pager"]

    def fire(self, name: str, service: str, severity: str, since: str, state: str = "active"):
        """One alert more."""
        self.alerts.append(
            {
                "labels": {"alertname": name, "service": service, "severity": severity},
                "annotations": {"summary": f"{name} of {service}"},
                "startsAt": since,
                "endsAt": "2099-01-01T00:00:00Z",
                "updatedAt": since,
                "fingerprint": f"{len(self.alerts):016x}",
                "receivers": [{"name": "pager"}],
                "generatorURL": "http://prometheus/graph",
                "status": {"state": state, "silencedBy": [], "inhibitedBy": [], "mutedBy": []},
            }
        )

    def answer(self, question: Question) -> Reply:
        """As the API does."""
        match question.path.rpartition("/api/v2/")[2]:
            case "alerts":
                silenced = question.get("silenced", "true") == "true"
                states = ("active", "unprocessed", *(["suppressed"] * silenced))
                return Reply([one for one in self.alerts if one["status"]["state"] in states])
            case "receivers":
                return Reply([{"name": name} for name in self.receivers])
            case "status":
                return Reply({"versionInfo": {"version": "0.27.0"}, "uptime": "x"})
        return Reply(b"404 page not found", 404)
