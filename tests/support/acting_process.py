"""A process that carries out one plan and can be killed meanwhile:
`python -m warroom.tests.support.acting_process OPERATIONS PLAN KEY`."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from warroom.actions.capabilities import KEY
from warroom.actions.catalogue import execute
from warroom.incident.action import ActionPlan, Decision, Verdict
from warroom.targets.operations import Operations


def begin(operations: Path, plan: ActionPlan, key: str) -> subprocess.Popen[bytes]:
    """It runs from now on; it ends with 0 where all was done."""
    file = operations.with_name("plan.json")
    file.write_text(plan.model_dump_json())
    command = [sys.executable, "-m", __name__, str(operations), str(file), key]
    return subprocess.Popen(command, env=dict(os.environ))


def main(operations: str, file: str, key: str) -> None:
    """As the hands do it once a plan is claimed."""
    plan = ActionPlan.model_validate_json(Path(file).read_text())
    approval = Decision(subject=plan.hash, verdict=Verdict.approved, by="ann", at=datetime.now(UTC))
    KEY.set(key)
    execute(Operations.load(Path(operations)), plan, approval)


if __name__ == "__main__":
    main(*sys.argv[1:])
