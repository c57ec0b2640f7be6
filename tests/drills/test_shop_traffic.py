"""The plan of the customers' traffic."""

import asyncio
import json
import random

import pytest

from warroom.drills.layout import Layout
from warroom.drills.load import Load, report
from warroom.drills.seed import USERS, password, user
from warroom.drills.traffic import (
    RATE,
    SOURCES,
    Brand,
    Customers,
    Steering,
    Stuffing,
    rate_at,
    rates,
)


def test_rates_add_up_and_follow_the_rhythm():
    assert sum(rates(Steering(), 0.0).values()) == pytest.approx(RATE)
    assert rate_at(10.0, 10.0) == pytest.approx(11.2)  # a quarter of the 40 s rhythm
    assert rate_at(10.0, 30.0) == pytest.approx(8.8)


def test_a_surge_touches_its_route_only():
    calm, surge = rates(Steering(), 5.0), rates(Steering(surge={"search": 10}), 5.0)
    assert surge["search"] == pytest.approx(10 * calm["search"])
    assert surge["home"] == pytest.approx(calm["home"])


def test_steering_file_is_optional(tmp_path):
    assert Steering.load(tmp_path / "steering.json") == Steering()
    (tmp_path / "steering.json").write_text('{"stuffing": {"sources": 4, "rate": 9}}')
    steering = Steering.load(tmp_path / "steering.json")
    assert rates(steering, 0.0)["stuffing"] == 9


def test_stuffing_comes_from_other_addresses_than_customers():
    customers = Customers(random.Random(1))
    steering = Steering(stuffing=Stuffing(sources=6, rate=9))
    tries = [customers.visit("stuffing", steering)[0] for _ in range(300)]
    assert not {each.source for each in tries} & set(SOURCES)
    assert len({each.source for each in tries}) == 6
    assert {each.path for each in tries} == {"/login"}


def test_a_brand_burst_pays_with_that_brand():
    customers = Customers(random.Random(2))
    steering = Steering(brand=Brand(name="jcb", rate=3, declined=1.0))
    cart, checkout = customers.visit("brand", steering)
    assert (cart.path, checkout.path) == ("/cart", "/checkout")
    assert checkout.body is not None
    assert checkout.body["brand"] == "jcb"
    assert checkout.body["card"].endswith("0002")
    assert cart.session == checkout.session


def test_a_few_percent_of_customers_fail_by_themselves():
    customers = Customers(random.Random(3))
    right = {user(number): password(number) for number in range(USERS)}
    bodies = [customers.visit("login", Steering())[0].body or {} for _ in range(4000)]
    wrong = sum(right.get(body["user"]) != body["password"] for body in bodies)
    assert 0.03 < wrong / len(bodies) < 0.06


def test_whoever_holds_the_answers_open_reads_them_whole(tmp_path):
    """A later report replaces the file; it never empties the one that is being read."""
    file = tmp_path / "answers.json"
    file.write_text('{"answers": {"200": 1}}')
    load = Load(Layout.create(tmp_path), random.Random(1))
    load.counts = {"200": 2}

    async def one_report() -> None:
        task = asyncio.create_task(report(load, file, every_s=0))
        while file.read_text() == '{"answers": {"200": 1}}':
            await asyncio.sleep(0)
        task.cancel()

    with file.open() as reader:
        asyncio.run(asyncio.wait_for(one_report(), 10))
        assert json.load(reader)["answers"] == {"200": 1}
    assert json.loads(file.read_text())["answers"] == {"200": 2}
