"""What an operator prepared: run as written, once, bounded, only for what it was written for."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from warroom.actions import catalogue
from warroom.actions.base import Probe
from warroom.actions.capabilities import KEY
from warroom.actions.catalogue import checked, plan
from warroom.actions.procedures import (
    ClearCache,
    OpenBreaker,
    Procedures,
    Ran,
    RenewCertificate,
)
from warroom.errors import Halfway, ToolFailed, ToolRetry
from warroom.incident.action import ActionPlan, Decision, Verdict
from warroom.incident.timeline import utc_now
from warroom.targets.operations import Operations

SH = "/bin/sh"


def written(does: str, script: str, **more: Any) -> dict[str, Any]:
    return {"does": does, "target": "edge", "run": [SH, "-c", script], **more}


def loaded(folder: Path, **procedures: dict[str, Any]) -> Operations:
    file = folder / "operations.json"
    file.write_text(json.dumps({"procedures": procedures}))
    return Operations.load(file)


def planned(system: Operations, kind: str, procedure: str) -> ActionPlan:
    parameters = {"procedure": procedure}
    return plan(kind, "edge", parameters, "it has ended", inventory=system.inventory())


def carried_out(system: Operations, made: ActionPlan) -> Ran:
    approved = Decision(subject=made.hash, verdict=Verdict.approved, by="ann", at=utc_now())
    receipt = catalogue.execute(system, made, approved)
    assert isinstance(receipt, Ran)
    return receipt


def test_a_certificate_is_renewed_once_and_the_check_says_so(tmp_path: Path) -> None:
    """By openssl: it ends tomorrow, ten days are wanted, ninety are given."""
    pem, key = tmp_path / "edge.pem", tmp_path / "edge.key"
    made = f"/usr/bin/openssl req -x509 -newkey ed25519 -nodes -subj /CN=edge -keyout {key}"
    assert os.system(f"{made} -out {pem} -days 1 2>/dev/null") == 0
    renewed = written(RenewCertificate.kind, f"{made} -out {pem} -days 90")
    renewed["check"] = ["/usr/bin/openssl", "x509", "-in", str(pem), "-checkend", "864000"]
    system = loaded(tmp_path, renew=renewed)
    assert system.inventory().offered == [RenewCertificate.kind]
    wanted = planned(system, RenewCertificate.kind, "renew")
    assert wanted.risk == "low"
    assert not wanted.reversible
    assert catalogue.probe(system, wanted, "k") is Probe.not_done
    assert carried_out(system, wanted).exit == 0
    assert catalogue.probe(system, wanted, "k") is Probe.done
    before = pem.read_bytes()
    again = carried_out(system, wanted)
    assert (again.changed, again.exit) == (False, None)
    assert pem.read_bytes() == before


def test_a_breaker_is_opened_and_closed_again(tmp_path: Path) -> None:
    flag = tmp_path / "open"
    opened = written(OpenBreaker.kind, f"touch {flag}; echo opened", back=[SH, "-c", f"rm {flag}"])
    system = loaded(tmp_path, breaker=opened)
    wanted = planned(system, OpenBreaker.kind, "breaker")
    receipt = carried_out(system, wanted)
    assert receipt.said == "opened"
    assert flag.exists()
    system.undo(checked(wanted.kind, "edge", wanted.parameters, system.inventory()), dict(receipt))
    assert not flag.exists()


def test_it_has_no_environment_but_what_is_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key")
    monkeypatch.setenv("REGION", "eu")
    told = written(ClearCache.kind, "env; pwd", environment=["REGION"], folder=str(tmp_path))
    token = KEY.set("INC-1/execute/1")
    try:
        said = loaded(tmp_path, cache=told).find(Procedures)
        lines = said.run("cache").said.splitlines()
    finally:
        KEY.reset(token)
    named = {line.partition("=")[0] for line in lines}
    assert named >= {"PATH", "LANG", "REGION", "WARROOM_EFFECT"}
    assert "secret-key" not in "".join(lines)
    assert "WARROOM_EFFECT=INC-1/execute/1" in lines
    assert lines[-1] == str(tmp_path)


def test_words_of_a_plan_are_no_shell(tmp_path: Path) -> None:
    """A model chooses a procedure by name; whatever else it writes is refused."""
    system = loaded(tmp_path, cache=written(ClearCache.kind, "true"))
    for wrong in ("cache; rm -rf /", "../cache", "$(id)"):
        with pytest.raises(ToolRetry, match="no procedure"):
            planned(system, ClearCache.kind, wrong)
    with pytest.raises(ToolRetry, match="run: there is no such thing here"):
        more = {"procedure": "cache", "run": ["/bin/rm"]}
        plan(ClearCache.kind, "edge", more, "", inventory=system.inventory())
    with pytest.raises(ToolRetry, match="cache is for clear cache edge, not for clear cache cart"):
        cart = {"procedure": "cache"}
        plan(ClearCache.kind, "cart", cart, "", inventory=system.inventory())


def test_what_hangs_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"echo begun; sleep 60 & echo $! > {pid}; wait"
    system = loaded(tmp_path, cache=written(ClearCache.kind, script, seconds=0.5))
    began = time.monotonic()
    with pytest.raises(Halfway, match=r"was killed after 0.5 s: begun") as error:
        carried_out(system, planned(system, ClearCache.kind, "cache"))
    assert time.monotonic() - began < 20
    assert error.value.receipt.exit is None
    state = Path(f"/proc/{pid.read_text().strip()}/stat")
    for _ in range(300):  # killed is not yet gone
        if not state.exists() or " Z " in state.read_text():
            break
        time.sleep(0.05)
    assert not state.exists() or " Z " in state.read_text()


def test_what_fails_says_how_and_is_not_called_done(tmp_path: Path) -> None:
    system = loaded(tmp_path, cache=written(ClearCache.kind, "yes x | head -c 200000; exit 3"))
    with pytest.raises(Halfway, match="cache ended with 3: x") as error:
        carried_out(system, planned(system, ClearCache.kind, "cache"))
    assert len(error.value.receipt.said) <= 4096


def test_written_anew_it_has_to_be_approved_anew(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    wanted = planned(
        loaded(tmp_path, cache=written(ClearCache.kind, "true")), ClearCache.kind, "cache"
    )
    system = loaded(tmp_path, cache=written(ClearCache.kind, f"touch {mark}"))
    with pytest.raises(ToolRetry, match="nothing was done"):
        carried_out(system, wanted)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"does": "restart"}, "is not prepared by a command"),
        ({"does": OpenBreaker.kind}, "needs `back`"),
        ({"back": [SH, "-c", "true"]}, "has no way back"),
        ({"run": ["sh", "-c", "true"]}, "write its whole path"),
        ({"run": ["/bin/no-such-program"]}, "is no program"),
        ({"seconds": 900}, "seconds"),
        ({"shell": True}, "shell"),
    ],
)
def test_what_cannot_be_meant_is_refused_when_it_is_read(
    tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(ToolFailed, match=said):
        loaded(tmp_path, cache={**written(ClearCache.kind, "true"), **wrong})


def test_a_program_that_everybody_may_write_is_refused(tmp_path: Path) -> None:
    script = tmp_path / "clear.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o777)
    with pytest.raises(ToolFailed, match="chmod o-w"):
        loaded(tmp_path, cache={**written(ClearCache.kind, ""), "run": [str(script)]})
