"""The shop's own rules: the edge, prices, stock records, the suggestion cache, passwords."""

import json

import pytest

from warroom.drills.effects.changes import Quota
from warroom.drills.shop.config import Config
from warroom.drills.shop.inventory import Stock, StockRecordError
from warroom.drills.shop.passwords import hash_password, matches
from warroom.drills.shop.pricing import price
from warroom.drills.shop.recommendations import FEWEST, Suggestions
from warroom.drills.shop.server import Bucket, is_blocked
from warroom.drills.surprise.draw import announced

LINES = [
    {"price_cents": 1000, "quantity": 3, "category": "books"},
    {"price_cents": 250, "quantity": 2, "category": "kitchen"},
]
ROW = {
    "sku": "SKU-0001",
    "on_hand": 5,
    "reserved": 2,
    "warehouse": "north",
    "attributes": '{"weight_g": 120}',
}


def test_blocked_sources_are_addresses_or_networks():
    blocked = ["127.0.1.7", "127.0.2.0/24"]
    assert is_blocked("127.0.1.7", blocked)
    assert is_blocked("127.0.2.255", blocked)
    assert not is_blocked("127.0.1.8", blocked)
    assert not is_blocked("", blocked)


def test_bucket_allows_its_rate_and_no_more():
    bucket = Bucket(2)
    assert [bucket.take(0.0) for _ in range(3)] == [True, True, False]
    assert not bucket.take(0.4)  # 0.8 of a token
    assert bucket.take(0.5)
    assert [bucket.take(60.0) for _ in range(3)] == [True, True, False]  # a burst is one second


def test_price_with_coupon_and_volume():
    assert price(LINES, None, volume=False) == {"subtotal": 3500, "discount": 0, "total": 3500}
    assert price(LINES, "welcome10", volume=False)["total"] == 3150
    assert price(LINES, "NOSUCH", volume=False)["discount"] == 0
    assert price(LINES, None, volume=True)["discount"] == 150  # 5 % of three books


@pytest.mark.parametrize(
    "damage",
    [
        {"on_hand": -1},
        {"reserved": -3},
        {"attributes": '{"weight_g": '},
        {"attributes": "{}"},
        {"attributes": "[]"},
    ],
)
def test_stock_records_that_make_no_sense_are_named(damage):
    with pytest.raises(StockRecordError, match="SKU-0001 is invalid"):
        Stock.decode({**ROW, **damage})


def test_stock_available_is_never_negative():
    assert Stock.decode(ROW).available == 3
    assert Stock.decode({**ROW, "reserved": 9}).available == 0


def test_suggestions_grow_old_and_are_bounded():
    cache = Suggestions(largest=2, fresh_s=4.0)
    for number, session in enumerate("abc"):
        cache.put(session, [session], float(number))
    assert cache.get("a", 2.0) is None  # pushed out
    assert cache.get("b", 2.0) == ["b"]
    assert cache.get("b", 5.0) is None  # four seconds old


def test_password_hashes_are_salted_and_match():
    first, second = hash_password("kettle"), hash_password("kettle")
    assert first != second
    assert matches("kettle", first)
    assert not matches("kettles", first)


def test_config_sees_flags_and_leaves_drained_instances_out(tmp_path):
    flags = {"new": {"state": "ENABLED", "variants": {"on": True, "off": False}}}
    flags["new"]["defaultVariant"] = "on"
    flags["gone"] = {**flags["new"], "state": "DISABLED"}
    entries = [
        {"instance": f"catalog-{n}", "url": f"http://c{n}", "active": n < 3} for n in (1, 2, 3)
    ]
    (tmp_path / "flags.json").write_text(json.dumps({"flags": flags}))
    (tmp_path / "endpoints.json").write_text(json.dumps({"catalog": entries}))
    (tmp_path / "edge.json").write_text(json.dumps({"drained": ["catalog-2"]}))
    config = Config(tmp_path)
    assert config.flag("new") is True
    assert config.flag("gone") is False
    assert config.flag("unheard-of") is False
    assert config.urls("catalog") == ["http://c1"]


def test_a_half_written_file_keeps_the_last_good_value(tmp_path):
    (tmp_path / "edge.json").write_text('{"blocked": ["127.0.1.1"]}')
    watched = Config(tmp_path).edge
    watched.refresh()
    (tmp_path / "edge.json").write_text('{"blocked": [')
    watched.refresh()
    assert watched.value == {"blocked": ["127.0.1.1"]}


def test_what_the_model_apologises_with_is_no_suggestion():
    [course] = announced("ai-answers", "shop").courses()
    [effect] = course.effects
    assert isinstance(effect, Quota) and effect.says
    assert len(effect.says.split(", ")) < FEWEST <= len(["atlas", "drum", "harp", "jug"])
