"""Services of Amazon ECS and aliases of Lambda, by boto3 with its own chain of credentials.

Nothing is tried again by boto3: what became of a change is found out by looking, and by the probe
of its action. What has to be allowed stands in deploy/aws/.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import Field

from ..actions.capabilities import (
    Activated,
    Receipt,
    Restarted,
    Restarting,
    RolledOut,
    Rollout,
    Scaling,
)
from ..actions.inventory import Inventory, Part
from ..errors import Halfway, ToolFailed
from .doors import PATIENCE_S, Guarded, R, Section, awaited

KEPT = 10
"""The newest versions of a service that one can go back to."""


class Account(Section):
    """Where in AWS, and as whom."""

    region: str = Field(description="eu-central-1, …")
    profile: str | None = Field(default=None, description="of the AWS files; null: as boto3 finds")
    endpoint: str | None = Field(default=None, description="another address than Amazon's own")
    timeout_s: float = Field(default=10.0, gt=0, description="for one answer")
    patience_s: float = Field(default=PATIENCE_S, gt=0, description="until a change is whole")

    def client(self, service: str) -> Any:
        """boto3's own. Raises ToolFailed where it cannot be made."""
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        wait = {"connect_timeout": self.timeout_s, "read_timeout": self.timeout_s}
        try:
            session = boto3.Session(profile_name=self.profile, region_name=self.region)
            once = Config(retries={"total_max_attempts": 1}, **wait)
            return session.client(service, endpoint_url=self.endpoint, config=once)
        except (BotoCoreError, ValueError) as error:
            raise ToolFailed(f"AWS cannot be asked: {error}") from error


@contextmanager
def told(receipt: Receipt | None = None) -> Iterator[None]:
    """What AWS refuses, in words; Halfway where what the receipt says may have been done."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectTimeoutError,
        EndpointConnectionError,
    )

    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {}).get("Message") or error
        cure = "; allow it as deploy/aws/ has it" if "AccessDenied" in str(error) else ""
        text = f"AWS refuses: {said}{cure}"
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        raise (Halfway(text, receipt) if receipt and status >= 500 else ToolFailed(text)) from error
    except (EndpointConnectionError, ConnectTimeoutError) as error:  # nothing was sent
        raise ToolFailed(f"AWS cannot be asked: {error}") from error
    except BotoCoreError as error:
        text = f"AWS does not answer: {error}"
        raise (Halfway(text, receipt) if receipt else ToolFailed(text)) from error


class EcsAccess(Account):
    """The section `ecs`."""

    cluster: str = Field(description="its name")
    services: list[str] = Field(min_length=1, max_length=10, description="which of its services")
    most: int = Field(default=10, gt=0, description="tasks of one service, at the most")


class EcsServices(Guarded[EcsAccess], Rollout, Restarting, Scaling):
    """A version is a revision of the task definition ("checkout:7"), an instance is a task."""

    section = "ecs"
    given = EcsAccess

    def __init__(self, access: EcsAccess) -> None:
        super().__init__(access)
        self.ecs = access.client("ecs")

    def inventory(self) -> Inventory:
        """Each service with its revisions and its tasks."""
        with told():
            return Inventory(services={name: self._part(name) for name in self.access.services})

    def run_version(self, service: str, version: str) -> RolledOut:
        """Deploy another revision, watched until ECS calls it completed."""
        before = _short(self._look(service)["taskDefinition"])
        receipt = RolledOut(service=service, before=before, version=version)
        if before == version:
            return receipt.model_copy(update={"changed": False, "note": "it runs already"})
        return self._updated(receipt, service, version, taskDefinition=version)

    def restart(self, service: str) -> Restarted:
        """New tasks of the same revision."""
        receipt = Restarted(service=service, note="every task is replaced by a new one")
        running = _short(self._look(service)["taskDefinition"])
        return self._updated(receipt, service, running, forceNewDeployment=True)

    def scale(self, service: str, instances: int) -> Activated:
        """Another desired count."""
        found = self._look(service)
        before, active = (_tasks(service, n) for n in (found["desiredCount"], instances))
        receipt = Activated(service=service, before=before, active=active)
        if before == active:
            return receipt.model_copy(update={"changed": False, "note": "as many run already"})
        running = _short(found["taskDefinition"])
        return self._updated(receipt, service, running, desiredCount=instances)

    def restore(self, was: Activated) -> Activated:
        """As many as before."""
        return self.scale(was.service, len(was.before))

    def _updated(self, receipt: R, service: str, version: str, **change: Any) -> R:
        where = {"cluster": self.access.cluster, "service": service}
        options = " ".join(f"--{_dashed(name)} {value}" for name, value in change.items())
        self.open(
            f"aws ecs update-service --cluster {where['cluster']} --service {service} {options}"
        )
        with told(receipt):
            self.ecs.update_service(**where, **change)

        def missing() -> str:
            return unsettled(self._look(service), version)

        return awaited(receipt, missing, self.access.patience_s)

    def _look(self, service: str) -> dict[str, Any]:
        with told():
            answer = self.ecs.describe_services(cluster=self.access.cluster, services=[service])
        found = [one for one in answer["services"] if one["status"] == "ACTIVE"]
        if not found:
            raise ToolFailed(f"{self.access.cluster} has no active service {service}")
        return found[0]

    def _part(self, name: str) -> Part:
        found = self._look(name)
        running = _short(found["taskDefinition"])
        family = running.rpartition(":")[0]
        answer = self.ecs.list_task_definitions(
            familyPrefix=family, status="ACTIVE", sort="DESC", maxResults=KEPT
        )
        kept = [_short(arn) for arn in answer["taskDefinitionArns"]]
        own = [one for one in kept if one.rpartition(":")[0] == family]  # a prefix is asked for
        versions = sorted(own, key=_number, reverse=True)
        earlier = [one for one in versions if _number(one) < _number(running)]
        tasks = _tasks(name, max(self.access.most, found["desiredCount"]))
        return Part(
            instances=tasks[: found["desiredCount"]],
            spares=tasks[found["desiredCount"] :],
            version=running,
            previous=earlier[0] if earlier else "",
            versions=versions,
        )


def unsettled(service: dict[str, Any], version: str) -> str:
    """What keeps an ECS service, as described, from wholly running a version; empty: nothing."""
    runs, wanted = _short(service["taskDefinition"]), service["desiredCount"]
    if runs != version:
        return f"it runs {runs}, not {version}: ECS itself, or somebody, went back"
    states = {one.get("rolloutState") for one in service["deployments"]}
    if len(service["deployments"]) > 1 or not states <= {"COMPLETED", None}:
        reasons = [one.get("rolloutStateReason", "") for one in service["deployments"]]
        return f"its deployment is not completed ({reasons[0] or ', '.join(map(str, states))})"
    count = service["runningCount"]
    return "" if count == wanted else f"{count} of {wanted} tasks run"


def _short(arn: str) -> str:
    return arn.rpartition("/")[2]


def _number(revision: str) -> int:
    return int(revision.rpartition(":")[2])


def _tasks(service: str, count: int) -> list[str]:
    return [f"{service}-{number + 1}" for number in range(count)]


def _dashed(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)


class LambdaAccess(Account):
    """The section `lambda`."""

    functions: dict[str, str] = Field(min_length=1, description="each function's alias in use")


class LambdaAliases(Guarded[LambdaAccess], Rollout):
    """What callers use is an alias, which leads to a version of the function."""

    section = "lambda"
    given = LambdaAccess

    def __init__(self, access: LambdaAccess) -> None:
        super().__init__(access)
        self.functions = access.client("lambda")

    def inventory(self) -> Inventory:
        """Each function with the versions that were published."""
        with told():
            return Inventory(services={name: self._part(name) for name in self.access.functions})

    def run_version(self, service: str, version: str) -> RolledOut:
        """Let the alias lead there for every call, unless somebody moved it meanwhile."""
        return self._led(service, version, {})

    def put_back(self, was: RolledOut) -> RolledOut:
        """With the shares that other versions had of the calls."""
        return self._led(was.service, was.before, was.weights)

    def _led(self, service: str, version: str, shares: dict[str, float]) -> RolledOut:
        name = self._alias(service)
        with told():
            alias = self.functions.get_alias(**name)
        shared = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights") or {}
        before = alias["FunctionVersion"]
        receipt = RolledOut(service=service, before=before, version=version, weights=shared)
        if (before, shared) == (version, shares):
            return receipt.model_copy(update={"changed": False, "note": "it leads there already"})
        self.open(f"aws lambda update-alias --function-name {service} --function-version {version}")
        with told(receipt):
            self.functions.update_alias(
                **name,
                FunctionVersion=version,
                RoutingConfig={"AdditionalVersionWeights": shares},
                RevisionId=alias["RevisionId"],
            )
        note = f"it led to {shared} besides; an undo puts that back" if shared else ""
        return receipt.model_copy(update={"note": note})

    def _alias(self, function: str) -> dict[str, str]:
        if function not in self.access.functions:
            known = ", ".join(self.access.functions)
            raise ToolFailed(f"no alias of {function} is written down; known: {known}")
        return {"FunctionName": function, "Name": self.access.functions[function]}

    def _part(self, function: str) -> Part:
        runs = self.functions.get_alias(**self._alias(function))["FunctionVersion"]
        pages = self.functions.get_paginator("list_versions_by_function")
        found = [
            one["Version"]
            for page in pages.paginate(FunctionName=function)
            for one in page["Versions"]
            if one["Version"].isdigit()
        ]
        versions = sorted(found, key=int)[-KEPT:]
        earlier = [one for one in versions if runs.isdigit() and int(one) < int(runs)]
        return Part(version=runs, previous=earlier[-1] if earlier else "", versions=versions)
