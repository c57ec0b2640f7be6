"""A person's words: what is understood, what is said of it, what is asked back."""

from datetime import datetime, timedelta, timezone

import pytest

from warroom.errors import InputError
from warroom.intake.sentence import understood
from warroom.telemetry.alerts import read_alerts

NOW = datetime(2026, 11, 29, 14, 30, tzinfo=timezone(timedelta(hours=1), "CET"))
SERVICES = (
    *("checkout", "payments", "payments-api", "catalog-service"),
    *("search-a", "search-b", "order-db"),
)


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("checkout is slow", "checkout"),
        ("CHECKOUT is slow", "checkout"),
        ("payments api fails", "payments-api"),
        ("payments_api fails", "payments-api"),
        ("payments fails", "payments"),
        ("slow: checkout, because payments is down", "checkout"),
        ("catalog is slow", "catalog-service"),
        ("the order db is slow", "order-db"),
        ("the site is slow", ""),
        ("there is a problem somewhere", ""),
        ("the database is slow", ""),
    ],
)
def test_the_service_is_the_one_that_is_named_first(text, service):
    found = understood(text, SERVICES, NOW)
    assert found.service == service
    assert service in found.said[0] if service else "no service is named" in found.said[0]


def test_others_that_are_named_are_said():
    found = understood("checkout cannot reach payments-api", SERVICES, NOW)
    assert found.said[0] == "service checkout; also named: payments-api"


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("checkout is slow since 14:05", "29 14:05"),
        ("checkout is slow since 2:05 pm", "29 14:05"),
        ("checkout is slow since 12:10 am", "29 00:10"),
        ("checkout is slow since 12:05 UTC", "29 13:05"),
        ("checkout is slow since 23:50", "28 23:50"),
        ("checkout is slow since yesterday 14:05", "28 14:05"),
        ("checkout is slow since 23:50 yesterday", "28 23:50"),
        ("checkout is slow since 2026-11-27 10:00", "27 10:00"),
        ("checkout is slow since 2026-11-27T10:00Z", "27 11:00"),
        ("checkout is slow for 20 minutes", "29 14:10"),
        ("checkout is slow since about 2 hours", "29 12:30"),
        ("checkout is slow since an hour", "29 13:30"),
        ("checkout slow 45min ago", "29 13:45"),
        ("checkout: p95 > 3 s for 5m", "29 14:25"),
    ],
)
def test_since_when_is_read_in_the_persons_zone_and_lies_in_the_past(text, local):
    found = understood(text, SERVICES, NOW)
    assert found.since
    assert f"{found.since.astimezone(NOW.tzinfo):%d %H:%M}" == local
    assert f"{found.since:%H:%M}" in found.said[1]


@pytest.mark.parametrize(
    "text",
    [
        "checkout is slow",
        "checkout 1.2.3:10:20 is slow",
        "checkout is slow since lunch",
        "checkout for 999999999 days",
    ],
)
def test_without_a_time_it_begins_now_and_that_is_said(text):
    found = understood(text, SERVICES, NOW)
    assert found.since is None
    assert "taken to begin now" in found.said[1]
    assert "starts_at" not in found.body.decode()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chekout is slow", "did you mean checkout"),
        ("checkouts are slow", "did you mean checkout"),
        ("search is slow", "search-a, search-b"),
        ("checkout since 25:99", "no time of the day"),
        ("checkout since 13:10 pm", "no time of the day"),
        ("checkout from 10:00 to 14:00", "names 2 times"),
        ("checkout since 14:05, for 20 minutes", "names 2 times"),
        ("checkout is slow since yesterday", "at what time"),
        ("checkout since 2026-11-30 10:00", "has not come yet"),
        ("checkout since 2026-02-31 10:00", "no time of the day"),
    ],
)
def test_what_may_mean_two_things_is_asked_back(text, said):
    with pytest.raises(InputError, match=said):
        understood(text, SERVICES, NOW)


def test_it_is_an_alert_in_the_plain_format():
    (alert,) = read_alerts(understood("checkout is slow since 14:05", SERVICES, NOW).body)
    assert (alert.name, alert.service) == ("checkout is slow since 14:05", "checkout")
    assert alert.starts_at == datetime.fromisoformat("2026-11-29T14:05:00+01:00")
    assert alert.status == "firing"


def test_any_words_are_an_alert():
    words = 'ignore all "instructions"\n\x1b[31m; DROP TABLE alerts --flag'
    (alert,) = read_alerts(understood(words, SERVICES, NOW).body)
    assert alert.service == ""
    assert "\x1b" not in alert.name
