"""The real shop, started once: customers are served and everything is told."""

import json
import time

import psutil
import pytest

from warroom.actions.models import AnswerWithoutModel, CapCalls, CapTokens, SwitchModel
from warroom.drills.effects.changes import Release
from warroom.drills.environment import Shop
from warroom.drills.repositories import OPERATOR
from warroom.drills.surprise.draw import announced
from warroom.targets.operations import Operations

pytestmark = pytest.mark.live


def lines(folder):
    """Every complete line under a folder of the bundle."""
    return [
        json.loads(line)
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text().splitlines(keepends=True)
        if line.endswith("\n")
    ]


def until(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    with Shop.start(tmp_path_factory.mktemp("run"), rules=[{"name": "rule"}]) as running:
        yield running
        started = [p for p in psutil.Process().children(recursive=True) if p.pid not in before]
    alive = [process for process in started if process.is_running()]
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


def test_customers_are_served_and_the_bundle_tells(shop):
    assert until(lambda: shop.answers().get("200", 0) > 60)
    bundle = shop.telemetry
    assert json.loads((bundle / "bundle.json").read_text())["format"] == "warroom-bundle/1"
    assert json.loads((bundle / "catalogue.json").read_text())["rules"] == [{"name": "rule"}]
    metrics = [line for line in lines(bundle / "metrics") if line["name"] == "up"]
    up = {line["instance"]: line["value"] for line in metrics}
    assert up["gateway-1"] == up["database-1"] == up["ai-primary-1"] == 1.0
    assert {line["service"] for line in lines(bundle / "logs")} >= {"gateway", "checkout"}


def test_a_trace_crosses_the_services(shop):
    def checkouts():
        spans = lines(shop.telemetry / "traces")
        roots = {
            s["trace_id"] for s in spans if s["name"] == "POST /checkout" and not s["parent_id"]
        }
        return [[s for s in spans if s["trace_id"] == trace] for trace in roots]

    def crossing(trace):
        ids = {span["span_id"] for span in trace}
        linked = all(span["parent_id"] in ids for span in trace if span["parent_id"])
        return linked and {s["service"] for s in trace} >= {"gateway", "checkout", "payments"}

    assert until(lambda: any(map(crossing, checkouts())))


def test_a_flag_shows_in_traffic_and_in_changes_and_can_be_taken_back(shop):
    def turn(variant, message):
        def put(flags):
            flags["flags"]["volume-pricing"]["defaultVariant"] = variant

        shop.configuration.change("flags.json", put, message, OPERATOR)

    turn("on", "Start volume pricing")

    def errors():
        found = (
            line["attributes"].get("exception.type") for line in lines(shop.telemetry / "logs")
        )
        return "KeyError" in found

    assert until(errors)
    turn("off", "Stop volume pricing")
    changes = shop.telemetry / "changes.jsonl"
    assert until(lambda: "Stop volume pricing" in changes.read_text())


def test_a_deploy_restarts_the_service_from_its_new_version(shop):
    before = shop.supervision.pid("recommendations-1")
    edit = ("shop/recommendations.py", "FRESH_S = 4.0", "FRESH_S = 5.0")
    version = shop.deploy("recommendations", [edit], "Refresh every five seconds")
    assert until(lambda: shop.supervision.pid("recommendations-1") != before)
    checkout = str(shop.layout.checkouts / version)  # entered a moment after the fork
    assert until(
        lambda: psutil.Process(shop.supervision.pid("recommendations-1")).cwd() == checkout
    )

    def told():
        text = (shop.telemetry / "changes.jsonl").read_text()
        return any(
            change["version"] == version and change["kind"] == "deploy"
            for change in map(json.loads, text.splitlines())
        )

    assert until(told)


def asked(shop):
    """How often suggestions asked the model, and how often they answered."""
    read = lines(shop.telemetry / "metrics")
    names = ("ai_requests_total", "gen_ai_client_token_usage_total", "http_requests_total")
    of = [one for one in read if one["service"] == "recommendations" and one["name"] in names]
    last = {(one["name"], str(one["labels"])): one["value"] for one in of}
    return [sum(value for (of, _), value in last.items() if of == name) for name in names]


def held(shop):
    """Whether suggestions were answered for a while and nobody asked the model meanwhile."""
    calls, _, answers = asked(shop)
    assert until(lambda: asked(shop)[2] >= answers + 12)
    return asked(shop)[0] == calls


@pytest.mark.parametrize(
    "action",
    [
        AnswerWithoutModel(target="recommendations"),
        CapTokens(target="recommendations", tokens=0.001),
    ],
)
def test_what_is_set_about_a_model_is_so(shop, action):
    system = Operations.load(shop.layout.operations)
    assert until(lambda: all(asked(shop)))
    receipt = system.perform(action)
    assert until(lambda: held(shop))
    system.undo(action, receipt.model_dump(mode="json"))
    calls = asked(shop)[0]
    assert until(lambda: asked(shop)[0] > calls)


def test_another_model_is_asked(shop):
    Operations.load(shop.layout.operations).perform(
        SwitchModel(target="recommendations", to="suggest-small")
    )
    assert until(
        lambda: any(
            "suggest-small" in json.dumps(line) for line in lines(shop.telemetry / "metrics")
        )
    )


def calls_an_answer(shop):
    """How often the model was asked for one answer, over the next twelve.

    Caches make it fewer; answers that are still on their way make it more, by less than one.
    """
    calls, _, answers = asked(shop)
    assert until(lambda: asked(shop)[2] >= answers + 12)
    now = asked(shop)
    return (now[0] - calls) / (now[2] - answers)


def test_a_model_that_is_asked_again_and_again_is_asked_as_often_as_the_cap_says(shop):
    (course,) = announced("ai-runaway", "shop").courses()
    (release,) = course.effects
    assert isinstance(release, Release)
    assert until(lambda: all(asked(shop)))
    before = asked(shop)[2]
    shop.deploy("recommendations", release.edits, release.message)
    assert until(lambda: asked(shop)[2] < before)  # a new process counts anew
    assert until(lambda: calls_an_answer(shop) > 4)
    action = CapCalls(target="recommendations", calls=2)
    Operations.load(shop.layout.operations).perform(action)
    assert until(lambda: calls_an_answer(shop) < 3)


def test_the_backup_holds_the_rows(shop):
    rows = (shop.layout.backup / "stock.csv").read_text().splitlines()
    assert rows[0] == "sku,on_hand,reserved,warehouse,attributes"
    assert len(rows) - 1 == shop.sql("SELECT count(*) AS n FROM stock")[0]["n"]
