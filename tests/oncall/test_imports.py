"""What teams bring along, in the shapes of the vendors' APIs, and what has to stay behind."""

from datetime import UTC, datetime
from typing import Any

import pytest

from warroom.errors import InputError
from warroom.oncall.escalation import OnCall
from warroom.oncall.imports import imported
from warroom.oncall.shifts import on_call
from warroom.yaml_tables import read_documents

USERS = [{"id": "U1", "username": "alex"}, {"id": "U2", "email": "bo@example.org", "username": ""}]
ROLLING = {
    "id": "S1",
    "name": "weekdays",
    "type": "rolling_users",
    "time_zone": None,
    "level": 0,
    "start": "2026-11-04T09:00:00",
    "duration": 8 * 3600,
    "frequency": "weekly",
    "interval": 1,
    "week_start": "MO",
    "by_day": ["MO", "TU", "WE", "TH", "FR"],
    "rolling_users": [["U1"], ["U2"]],
    "start_rotation_from_user_index": 1,
}
GRAFANA = {
    "users": {"results": USERS},
    "on_call_shifts": {
        "results": [
            ROLLING,
            {**ROLLING, "id": "S2", "name": "monthly", "frequency": "monthly"},
            {
                "id": "S3",
                "name": "nights",
                "type": "recurrent_event",
                "start": "2026-11-02T22:00:00",
                "duration": 9 * 3600,
                "frequency": "daily",
                "users": ["U1"],
                "time_zone": "Asia/Tokyo",
            },
            {
                "id": "S4",
                "name": "swap",
                "type": "override",
                "start": "2026-11-05T09:00:00",
                "duration": 3600,
                "users": ["U1"],
            },
        ]
    },
    "schedules": {
        "results": [
            {
                "id": "C1",
                "name": "Web & api",
                "type": "calendar",
                "time_zone": "Europe/Berlin",
                "shifts": ["S1", "S2", "S3", "S4", "GONE"],
            },
            {"id": "C2", "name": "from ics", "ical_url_primary": "https://c.example.org/a.ics"},
        ]
    },
    "escalation_chains": {"results": [{"id": "F1", "name": "default"}]},
    "escalation_policies": {
        "results": [
            {"escalation_chain_id": "F1", "position": 1, "type": "wait", "duration": 300},
            {
                "escalation_chain_id": "F1",
                "position": 0,
                "type": "notify_on_call_from_schedule",
                "notify_on_call_from_schedule": "C1",
            },
            {
                "escalation_chain_id": "F1",
                "position": 2,
                "type": "notify_persons",
                "persons_to_notify": ["U2"],
            },
            {"escalation_chain_id": "F1", "position": 3, "type": "trigger_webhook"},
        ]
    },
}


def taken(kind: str, given: Any) -> tuple[OnCall, str]:
    section, left = imported(kind, given)
    return OnCall.model_validate(section), "\n".join(left)


def who(told: OnCall, name: str, text: str) -> tuple[str, ...]:
    one = next(each for each in told.schedules if each.name == name)
    return on_call(one, datetime.fromisoformat(text).replace(tzinfo=one.zone))


def test_grafanas_schedules_and_chains():
    told, left = taken("grafana", GRAFANA)
    assert who(told, "Web - api", "2026-11-03T10:00") == ("bo@example.org",)
    assert who(told, "Web - api", "2026-11-09T10:00") == ("alex",)
    assert who(told, "Web - api", "2026-11-05T09:30") == ("alex",), "an override is above"
    assert who(told, "Web - api", "2026-11-07T12:00") == ()
    assert who(told, "Web - api", "2026-11-07T23:00") == ("alex",)
    assert told.schedules[1].layers[0].ics == "https://c.example.org/a.ics"
    levels = told.routes[0].escalation["default"]
    assert [(level.notify, level.timeout) for level in levels] == [
        (("Web - api",), 300),
        (("bo@example.org",), None),
    ]
    for word in ("monthly", "GONE", "Asia/Tokyo", "trigger_webhook", "Web & api"):
        assert word in left


OPSGENIE = {
    "schedules": {
        "data": [
            {
                "name": "Platform_schedule",
                "timezone": "Europe/Istanbul",
                "enabled": False,
                "rotations": [
                    {
                        "name": "business",
                        "startDate": "2026-02-02T06:00:00Z",
                        "type": "weekly",
                        "length": 1,
                        "participants": [
                            {"type": "user", "username": "al@example.org"},
                            {"type": "none"},
                        ],
                        "timeRestriction": {
                            "type": "weekday-and-time-of-day",
                            "restrictions": [
                                {
                                    "startDay": "monday",
                                    "startHour": 9,
                                    "startMin": 0,
                                    "endDay": "friday",
                                    "endHour": 17,
                                    "endMin": 30,
                                }
                            ],
                        },
                    },
                    {
                        "name": "nights",
                        "startDate": "2026-02-02T06:00:00Z",
                        "type": "daily",
                        "participants": [{"type": "team", "name": "platform"}],
                        "timeRestriction": {
                            "type": "time-of-day",
                            "restriction": {"startHour": 22, "endHour": 6, "endMin": 0},
                        },
                    },
                ],
            }
        ]
    },
    "escalations": [
        {
            "name": "Platform_escalation",
            "rules": [
                {
                    "condition": "if-not-acked",
                    "notifyType": "default",
                    "delay": {"timeAmount": minutes, "timeUnit": "minutes"},
                    "recipient": {"type": kind, "name": name},
                }
                for minutes, kind, name in (
                    (10, "team", "boss"),
                    (0, "schedule", "Platform_schedule"),
                )
            ],
            "repeat": {"count": 2},
        }
    ],
}


def test_opsgenies_rotations_and_escalations():
    told, left = taken("opsgenie", OPSGENIE)
    assert who(told, "Platform_schedule", "2026-02-06T17:15") == ("al@example.org",)
    assert who(told, "Platform_schedule", "2026-02-06T17:45") == ()
    assert who(told, "Platform_schedule", "2026-02-10T12:00") == (), "none has that week"
    assert who(told, "Platform_schedule", "2026-02-06T23:00") == ("platform",)
    levels = told.routes[0].escalation["default"]
    assert [(level.notify[0], level.timeout) for level in levels] == [
        ("Platform_schedule", 600),
        ("boss", None),
    ]
    for word in ("switched off", "a team takes turns", "begins anew"):
        assert word in left


ALERTMANAGER = """
route:
  receiver: everybody
  group_by: [alertname]
  repeat_interval: 4h
  routes:
    - matchers: ['team="orders"']
      receiver: orders
      routes:
        - {match: {severity: critical}, receiver: orders-page}
    - {match_re: {service: ^(cart|search)$}, receiver: search, continue: true}
receivers: [{name: everybody}, {name: orders}, {name: orders-page}, {name: search}]
"""


def test_alertmanagers_routes_deepest_first():
    (document,) = read_documents(ALERTMANAGER, "alertmanager.yml")
    told, left = taken("alertmanager", document.data)
    assert [(list(r.matchers), r.escalation["default"][0].notify[0]) for r in told.routes] == [
        (['team="orders"', 'severity="critical"'], "orders-page"),
        (['team="orders"'], "orders"),
        (['service=~"^(cart|search)$"'], "search"),
        ([], "everybody"),
    ]
    for word in ("repeat_interval", "goes on to the next route", "receiver orders-page"):
        assert word in left


@pytest.mark.parametrize("kind", ["grafana", "opsgenie", "alertmanager", "pagerduty"])
@pytest.mark.parametrize("given", [[], "x", {"schedules": [{}]}, {"route": []}, None])
def test_what_is_no_export_says_so(kind, given):
    with pytest.raises(InputError, match="look at it"):
        imported(kind, given)


def test_times_are_of_the_wall():
    told, _left = taken("grafana", GRAFANA)
    one = told.schedules[0]
    assert on_call(one, datetime(2026, 11, 3, 8, 30, tzinfo=UTC)) == ("bo@example.org",)
