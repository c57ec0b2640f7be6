"""Full-text search over texts that are handed over, on both databases."""

import pytest

from warroom.record.full_text import search
from warroom.record.store import Store

TEXTS = {
    "pool": "Connections to the database are exhausted: look at the pools of callers.",
    "vouchers": "Orders with vouchers fail: sell without vouchers until it is mended.",
    "disk": "A volume is full.",
}


@pytest.fixture
def store(place) -> Store:
    return Store.open(place)


@pytest.mark.parametrize(
    ("told", "best", "shown"),
    [
        ("too many connections of the database", "pool", "«database»"),
        ("voucher refused", "vouchers", "«vouchers»"),  # one word of it, in the singular
        ("VolumeFilling", "disk", "«volume»"),  # two words in one
    ],
)
def test_texts_are_found_by_their_words_with_the_place(
    store: Store, told: str, best: str, shown: str
):
    name, where = search(store.engine, TEXTS, told, 3)[0]
    assert name == best and shown in where


HOSTILE = ("'); DROP TABLE t; -- \" OR NEAR(", '" OR "', "disk* NOT -", ":(&|!<->)", "\0", "磁盘 é")


@pytest.mark.parametrize("told", HOSTILE)
def test_hostile_words_are_data(store: Store, told: str):
    assert {name for name, _where in search(store.engine, TEXTS, told, 3)} <= {"disk", "vouchers"}
    assert search(store.engine, {}, told, 3) == []
