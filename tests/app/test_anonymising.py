"""A bundle that is shown to others: nobody is named, and it tells the same."""

import json
from pathlib import Path

from warroom.app.anonymising import Names, anonymise
from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.sample_bundle import write_sample


def everything(bundle: Path) -> str:
    return "\n".join(file.read_text() for file in sorted(bundle.rglob("*.json*")))


def test_no_name_is_left_and_nothing_else_changes(tmp_path):
    plain, bundle = write_sample(tmp_path / "plain"), write_sample(tmp_path / "bundle")
    row = {"ts": 1_763_711_300.0, "service": "payments", "level": "error"}
    row |= {"message": "Payments_db-3 refused jane@example.org at 10.1.2.3, see PAYMENTS-1"}
    row |= {"attributes": {"host.name": "rack7.acme.example", "user_agent": "curl/8"}}
    for root in (plain, bundle):
        with (root / "logs" / "lines.jsonl").open("a") as lines:
            lines.write(json.dumps(row) + "\n")
    counts = anonymise(bundle)
    assert counts["service"] == 3
    text = everything(bundle).lower()
    for name in ("payments", "checkout", "gateway", "jane", "acme", "10.1.2.3", '"ci"'):
        assert name not in text, name
    assert "curl/8" in text
    assert "division by zero" in text
    assert read_bundle(bundle).held == read_bundle(plain).held


def test_it_says_the_same_each_time(tmp_path):
    one, other = write_sample(tmp_path / "a" / "s"), write_sample(tmp_path / "b" / "s")
    anonymise(one)
    anonymise(other)
    assert everything(one) == everything(other)


def test_names_are_words_of_their_own():
    names = Names()
    names.add("cart", "service")
    names.add("cart-db", "service")
    names.add("Jane Doe", "person")
    assert names.text("cart, Cart-DB-2 and cart_api; not cartoon") == (
        "service-1, service-2-2 and service-1_api; not cartoon"
    )
    assert names.text("Jane Doe") == "person-1"
    assert names.text("error", "level") == "error"
