"""ECS and Lambda as moto has them: no account, no network, the service models of boto3 itself."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws
from moto.core.authorization import enable_iam_authentication

from warroom.actions.catalogue import checked
from warroom.errors import Halfway, ToolFailed, ToolRetry
from warroom.targets.aws import EcsServices, LambdaAliases, unsettled
from warroom.targets.operations import Operations
from warroom.tests.support.house import ROOT

REGION = "eu-central-1"
ECS = {"region": REGION, "cluster": "shop", "services": ["checkout"], "patience_s": 0.2}
LAMBDA = {"region": REGION, "functions": {"resize": "live"}}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account with one service of three revisions and one function of two versions."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("MOTO_ECS_SERVICE_RUNNING", "2")
    with mock_aws():
        ecs = boto3.client("ecs", region_name=REGION)
        ecs.create_cluster(clusterName="shop")
        for image in ("shop:1", "shop:2", "shop:3"):
            container = {"name": "app", "image": image, "memory": 64}
            ecs.register_task_definition(family="checkout", containerDefinitions=[container])
        ecs.register_task_definition(family="checkout-old", containerDefinitions=[container])
        ecs.create_service(
            cluster="shop", serviceName="checkout", taskDefinition="checkout:3", desiredCount=2
        )
        _function()
        yield


def _function() -> None:
    iam = boto3.client("iam", region_name=REGION)
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam.create_role(RoleName="run", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr("app.py", "def run(event, context): ...")
    functions = boto3.client("lambda", region_name=REGION)
    functions.create_function(
        FunctionName="resize",
        Runtime="python3.11",
        Role=role,
        Handler="app.run",
        Code={"ZipFile": code.getvalue()},
    )
    for number in range(2):
        functions.update_function_configuration(FunctionName="resize", Timeout=5 + number)
        functions.publish_version(FunctionName="resize")
    functions.create_alias(FunctionName="resize", Name="live", FunctionVersion="2")


def system(**sections: dict) -> Operations:
    kinds = {"ecs": EcsServices, "lambda": LambdaAliases}
    return Operations(*(kinds[name].configured(given) for name, given in sections.items()))


@pytest.mark.usefixtures("account")
class TestEcs:
    def test_what_there_is(self):
        part = system(ecs={**ECS, "mode": "act"}).inventory().services["checkout"]
        assert (part.version, part.previous) == ("checkout:3", "checkout:2")
        assert part.versions == ["checkout:3", "checkout:2", "checkout:1"]
        assert (len(part.instances), part.most) == (2, 10)

    def test_a_roll_back_and_its_undo(self):
        shop = system(ecs={**ECS, "mode": "act"})
        there = shop.inventory()
        action = checked("roll back", "checkout", {"to_version": "checkout:2"}, there)
        found = action.found(there)
        receipt = shop.perform(action)
        assert shop.inventory().services["checkout"].version == "checkout:2"
        assert action.probe(found, shop.inventory()).value == "done"
        again = shop.perform(action)
        assert (receipt.changed, again.changed) == (True, False)
        shop.undo(action, receipt.model_dump(mode="json"))
        assert shop.inventory().services["checkout"].version == "checkout:3"

    def test_scaled_and_back(self):
        shop = system(ecs={**ECS, "mode": "act"})
        action = checked("scale", "checkout", {"instances": 4}, shop.inventory())
        receipt = shop.perform(action)
        assert len(shop.inventory().services["checkout"].instances) == 4
        shop.undo(action, receipt.model_dump(mode="json"))
        assert len(shop.inventory().services["checkout"].instances) == 2

    def test_a_restart_is_a_new_deployment(self):
        ecs = boto3.client("ecs", region_name=REGION)

        def deployment() -> str:
            found = ecs.describe_services(cluster="shop", services=["checkout"])["services"][0]
            return found["deployments"][0]["id"]

        before, shop = deployment(), system(ecs={**ECS, "mode": "act"})
        shop.perform(checked("restart", "checkout", {}, shop.inventory()))
        assert deployment() != before

    def test_what_does_not_come_up_is_halfway_with_its_way_back(self, monkeypatch):
        monkeypatch.setenv("MOTO_ECS_SERVICE_RUNNING", "0")
        boto3.client("ecs", region_name=REGION).create_service(
            cluster="shop", serviceName="slow", taskDefinition="checkout:3", desiredCount=2
        )
        slow = system(ecs={**ECS, "services": ["slow"], "mode": "act"})
        action = checked("roll back", "slow", {"to_version": "checkout:2"}, slow.inventory())
        with pytest.raises(Halfway, match="not completed") as told:
            slow.perform(action)
        assert told.value.receipt.before == "checkout:3"

    def test_nothing_is_done_unless_it_says_act(self):
        with pytest.raises(ToolRetry, match='ecs is in mode read: write "mode": "act"'):
            checked("restart", "checkout", {}, system(ecs=ECS).inventory())
        proposing = system(ecs={**ECS, "mode": "propose"})
        action = checked("scale", "checkout", {"instances": 3}, proposing.inventory())
        with pytest.raises(ToolFailed, match=r"by hand: aws ecs update-service .*desired-count 3"):
            proposing.perform(action)
        assert len(proposing.inventory().services["checkout"].instances) == 2

    def test_an_unknown_service_says_so(self):
        with pytest.raises(ToolFailed, match="shop has no active service cart"):
            system(ecs={**ECS, "services": ["cart"], "mode": "act"}).inventory()


@pytest.mark.usefixtures("account")
class TestLambda:
    def test_an_alias_goes_back_and_forth(self):
        functions = system(**{"lambda": {**LAMBDA, "mode": "act"}})
        there = functions.inventory()
        assert there.services["resize"].previous == "1"
        action = checked("roll back", "resize", {"to_version": "1"}, there)
        receipt = functions.perform(action)
        assert functions.inventory().services["resize"].version == "1"
        functions.undo(action, receipt.model_dump(mode="json"))
        assert functions.inventory().services["resize"].version == "2"

    def test_who_had_a_share_has_it_again(self):
        aws = boto3.client("lambda", region_name=REGION)
        name, shared = {"FunctionName": "resize", "Name": "live"}, {"1": 0.25}
        aws.update_alias(**name, RoutingConfig={"AdditionalVersionWeights": shared})
        functions = system(**{"lambda": {**LAMBDA, "mode": "act"}})
        action = checked("roll back", "resize", {"to_version": "1"}, functions.inventory())
        receipt = functions.perform(action)
        assert aws.get_alias(**name)["RoutingConfig"]["AdditionalVersionWeights"] == {}
        functions.undo(action, receipt.model_dump(mode="json"))
        alias = aws.get_alias(**name)
        assert alias["FunctionVersion"] == "2"
        assert alias["RoutingConfig"]["AdditionalVersionWeights"] == shared

    def test_who_moved_it_meanwhile_wins(self):
        """By the API's own precondition, which moto does not know."""
        adapter = LambdaAliases.configured({**LAMBDA, "mode": "act"})
        with Stubber(adapter.functions) as aws:
            name = {"FunctionName": "resize", "Name": "live"}
            aws.add_response("get_alias", {"FunctionVersion": "2", "RevisionId": "r-7"}, name)
            weights = {"RoutingConfig": {"AdditionalVersionWeights": {}}}
            change = {**name, "FunctionVersion": "1", "RevisionId": "r-7", **weights}
            refused = "PreconditionFailedException"
            aws.add_client_error("update_alias", refused, expected_params=change)
            with pytest.raises(ToolFailed, match="AWS refuses"):
                adapter.run_version("resize", "1")


POLICIES = ROOT / "deploy/aws"


def policy(name: str) -> dict:
    return json.loads((POLICIES / f"{name}.json").read_text())


@contextmanager
def allowed(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As whoever has that policy. moto knows an action's resource for none of these, so it is left
    out here and looked at below."""
    shipped = policy(name)
    for statement in shipped["Statement"]:
        statement["Resource"] = "*"
    iam = boto3.client("iam", region_name=REGION)
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=json.dumps(shipped))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with enable_iam_authentication():
        yield


@pytest.mark.usefixtures("account")
def test_who_may_read_may_not_change_and_who_acts_may_do_no_more(monkeypatch):
    """Of ECS: moto checks no signature of Lambda's as AWS does."""
    access = {**ECS, "mode": "act"}
    with allowed("read", monkeypatch):
        assert set(system(ecs=access).inventory().services) == {"checkout"}
        with pytest.raises(ToolFailed, match=r"not authorized.*allow it as deploy/aws/ has it"):
            EcsServices.configured(access).scale("checkout", 3)
    with allowed("act", monkeypatch):
        assert EcsServices.configured(access).scale("checkout", 3).changed
        wider = boto3.client("ecs", region_name=REGION)
        with pytest.raises(ClientError, match="not authorized"):
            wider.delete_service(cluster="shop", service="checkout", force=True)


@pytest.mark.usefixtures("account")
def test_a_policy_allows_what_is_called_and_nothing_else():
    called = set()
    ecs = EcsServices.configured({**ECS, "mode": "act"})
    functions = LambdaAliases.configured({**LAMBDA, "mode": "act"})
    for client in (ecs.ecs, functions.functions):
        service = client.meta.service_model.service_name
        client.meta.events.register(
            "before-call", lambda model, of=service, **_: called.add(f"{of}:{model.name}")
        )

    def allows(name: str) -> set[str]:
        return {action for one in policy(name)["Statement"] for action in one["Action"]}

    system_ = Operations(ecs, functions)
    system_.inventory()
    assert called == allows("read")
    ecs.scale("checkout", 3)
    functions.run_version("resize", "1")
    assert called == allows("act")


def test_a_policy_names_the_services_alone():
    for name in ("read", "act"):
        for statement in policy(name)["Statement"]:
            wide = statement["Resource"] == "*"
            assert not wide or statement["Action"] == ["ecs:ListTaskDefinitions"], name
            assert not any("*" in action for action in statement["Action"])


def test_when_a_service_is_whole():
    whole = {
        "taskDefinition": "arn:x/checkout:2",
        "desiredCount": 2,
        "runningCount": 2,
        "deployments": [{"rolloutState": "COMPLETED"}],
    }
    assert unsettled(whole, "checkout:2") == ""
    assert "ECS itself, or somebody, went back" in unsettled(whole, "checkout:3")
    assert unsettled({**whole, "runningCount": 1}, "checkout:2") == "1 of 2 tasks run"
    both = [{"rolloutState": "IN_PROGRESS", "rolloutStateReason": "in progress."}, {}]
    assert "in progress" in unsettled({**whole, "deployments": both}, "checkout:2")
