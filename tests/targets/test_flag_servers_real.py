"""Flags where a real Unleash keeps them, and where flagd's own evaluator reads the file."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from warroom.actions.base import Probe
from warroom.actions.catalogue import fitting, plan, probe
from warroom.errors import ToolFailed, ToolRetry
from warroom.targets.flag_servers import Flagd, Unleash
from warroom.targets.operations import Operations
from warroom.telemetry.model import Window
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.registry import OPENERS
from warroom.telemetry.sources.source import SourceQuery
from warroom.tests.support.acting_process import begin
from warroom.tests.support.http_backends import serving
from warroom.tests.support.unleash_server import FLAGS, Between, UnleashServer, unleash_server
from warroom.tests.support.working import until

pytestmark = pytest.mark.conformance
OFF = ("feature flag off", "volume-pricing", {}, "because")
KEY = "INC-1:execute:abc"


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnleashServer]:
    with unleash_server(tmp_path_factory.mktemp("unleash")) as server:
        yield server


@pytest.fixture
def server(there: UnleashServer) -> UnleashServer:
    there.post(f"{FLAGS}/volume-pricing/environments/production/on", {})
    return there


def access(server: UnleashServer, tmp_path: Path, name: str = "responder", **other: Any) -> dict:
    token = tmp_path / name
    token.write_text(server.tokens[name])
    return {"url": server.where, "token_file": str(token), "mode": "act", **other}


def test_a_flag_goes_off_where_users_are_and_on_again(server: UnleashServer, tmp_path: Path):
    """By whoever may switch flags in production and nothing else."""
    flags = Operations(Unleash.configured(access(server, tmp_path)))
    assert flags.inventory().flags == {"volume-pricing": True}
    assert server.served()
    planned = plan(*OFF, inventory=flags.inventory())
    action = fitting(flags, planned)
    receipt = flags.perform(action)
    until(lambda: not server.served(), "the shop is told")
    assert probe(flags, planned, KEY) is Probe.done
    assert flags.perform(action).changed is False
    flags.undo(action, receipt.model_dump(mode="json"))
    until(server.served, "the shop is told that it is on again")


def test_a_plan_that_somebody_overtook_does_not_fit(server: UnleashServer, tmp_path: Path):
    flags = Operations(Unleash.configured(access(server, tmp_path)))
    planned = plan(*OFF, inventory=flags.inventory())
    server.post(f"{FLAGS}/volume-pricing/environments/production/off", {})
    with pytest.raises(ToolRetry, match="is off already"):
        fitting(flags, planned)


def test_other_environments_stay_as_they_are(server: UnleashServer, tmp_path: Path):
    server.post(f"{FLAGS}/volume-pricing/environments/development/on", {})
    Unleash.configured(access(server, tmp_path)).turn_off("volume-pricing")
    elsewhere = access(server, tmp_path, environment="development")
    assert Unleash.configured(elsewhere).inventory().flags == {"volume-pricing": True}
    with pytest.raises(ToolFailed, match=r"answers 403 .*: the token may not"):
        Unleash.configured(elsewhere).turn_off("volume-pricing")


WIDER = [
    ("POST", FLAGS, {"name": "other", "type": "release"}),
    ("DELETE", f"{FLAGS}/volume-pricing", None),
    ("POST", f"{FLAGS}/volume-pricing/environments/production/strategies", {"name": "default"}),
    ("GET", "/api/admin/api-tokens/admin", None),
    ("POST", "/api/admin/user-admin", {"username": "other", "rootRole": 1}),
]


@pytest.mark.parametrize(("method", "path", "body"), WIDER)
def test_a_wider_call_is_refused(server: UnleashServer, method: str, path: str, body: Any):
    login = {"Authorization": server.tokens["responder"]}
    place = f"{server.where}{path}"
    told = httpx.request(method, place, headers=login, json=body, trust_env=False)
    assert told.status_code == 403, told.text


def test_who_may_only_look_is_told_so(server: UnleashServer, tmp_path: Path):
    looking = Unleash.configured(access(server, tmp_path, "viewer"))
    assert looking.inventory().flags == {"volume-pricing": True}
    with pytest.raises(ToolFailed, match=r"answers 403 .*UPDATE_FEATURE_ENVIRONMENT"):
        looking.turn_off("volume-pricing")
    stranger = access(server, tmp_path)
    Path(stranger["token_file"]).write_text("user:nobody")
    with pytest.raises(ToolFailed, match=r"answers 401.*: renew the token"):
        Unleash.configured(stranger).inventory()
    with pytest.raises(ToolFailed, match=r"answers 404.*: no such flag"):
        Unleash.configured(access(server, tmp_path)).turn_off("nothing")
    assert server.served()


def test_killed_before_the_answer_came(server: UnleashServer, tmp_path: Path):
    with serving(Between(server.where)) as between:
        assert isinstance(between, Between)
        told = access(server, tmp_path) | {"url": between.where}
        (tmp_path / "operations.json").write_text(json.dumps({"unleash": told}))
        hands = Operations.load(tmp_path / "operations.json")
        planned = plan(*OFF, inventory=hands.inventory())
        between.process = begin(tmp_path / "operations.json", planned, KEY)
        assert between.process.wait(120) == -9
        assert probe(hands, planned, KEY) is Probe.done
    until(lambda: not server.served(), "the shop is told")


def test_who_switched_it_is_found_among_the_changes(server: UnleashServer, tmp_path: Path):
    given = access(server, tmp_path)
    Unleash.configured(given).turn_off("volume-pricing")
    login = {"Authorization": {"files": [given["token_file"]]}}
    known = {"name": "flags", "type": "unleash", "url": server.where, "http_headers": login}
    narrowed = {"jsonData": {"environment": "production", "folders": {"shop": "volume"}}}
    (source,) = OPENERS["unleash"](Datasource.model_validate(known | narrowed))
    now = time.time()
    batch = source.read(SourceQuery(window=Window(now - 600, now + 60)))
    last = max(map(json.loads, batch.lines.splitlines()), key=lambda row: row["at"])
    assert last["service"] == "shop"
    assert last["author"] == "responder"
    assert last["summary"] == "feature-environment-disabled in production: volume-pricing"


EVALUATOR = "openfeature-provider-flagd==0.6.1"
ASK = """\
import sys
from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.evaluation_context import EvaluationContext
told = {"resolver_type": ResolverType.IN_PROCESS, "offline_flag_source_path": sys.argv[1]}
api.set_provider(FlagdProvider(**told, deadline_ms=200))
for _ in sys.stdin:
    who = EvaluationContext("u-1", {"country": "de"})
    print(api.get_client().get_boolean_value("volume-pricing", True, who), flush=True)
"""
"""Says at each line what an application is told that would go on as if the flag was on."""
FLAG = {"state": "ENABLED", "variants": {"on": True, "off": False}}
DE = {"if": [{"==": [{"var": "country"}, "de"]}, "on", "off"]}
IN = [
    pytest.param(FLAG | {"defaultVariant": "on"}, id="by default"),
    pytest.param(FLAG | {"defaultVariant": "off", "targeting": DE}, id="by rule"),
    pytest.param(FLAG | {"targeting": DE}, id="by rule alone"),
]


@pytest.fixture(scope="module")
def evaluator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Go's module proxy gives no flagd: its own evaluator for Python, over the watched file."""
    place = tmp_path_factory.mktemp("flagd")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--target", str(place), EVALUATOR]
    subprocess.run(pip, check=True, timeout=600)
    return place


@pytest.mark.parametrize("flag", IN)
def test_an_application_hears_from_the_file(evaluator: Path, tmp_path: Path, flag: dict[str, Any]):
    file = tmp_path / "flags.json"
    file.write_text(json.dumps({"flags": {"volume-pricing": flag}}))
    flags = Operations(Flagd.configured({"file": str(file), "mode": "act"}))
    known = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", ASK, str(file)]
    with subprocess.Popen(command, env={"PYTHONPATH": str(evaluator)}, **known) as shop:

        def told() -> str:
            print("?", file=shop.stdin, flush=True)
            assert shop.stdout
            return shop.stdout.readline().strip()

        until(lambda: told() == "True", "it is on")
        planned = plan(*OFF, inventory=flags.inventory())
        action = fitting(flags, planned)
        receipt = flags.perform(action)
        until(lambda: told() == "False", "it is off")
        assert probe(flags, planned, KEY) is Probe.done
        flags.undo(action, receipt.model_dump(mode="json"))
        until(lambda: told() == "True", "it is on again")
        assert json.loads(file.read_text()) == {"flags": {"volume-pricing": flag}}
        shop.kill()
