"""Evidence of recorded drills, as the tools gave it, and claims about it: tests/cases/grounding."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from warroom.agents.reasoning.proof import Proof
from warroom.agents.reasoning.replies import Cited, Claim
from warroom.incident.evidence import Evidence

CASES = Path(__file__).parents[1] / "cases" / "grounding"


class Stated(NamedTuple):
    """A claim of the table, and whether it holds."""

    recording: str
    claim: Claim
    holds: bool


def stated(table: str) -> list[Stated]:
    """The claims of a table, in order."""
    rows = yaml.safe_load((CASES / table).read_text(encoding="utf-8"))
    return [_stated(*row) for row in rows]


def _stated(recording: str, service: str, text: str, cites: list[list[str]], holds: bool) -> Stated:
    cited = [Cited(evidence=evidence, value=value) for evidence, value in cites]
    return Stated(recording, Claim(statement=text, service=service, cites=cited), holds)


def proof_of(recording: str) -> Proof:
    """What a drill left as evidence, trimmed."""
    held = json.loads((CASES / "evidence" / f"{recording}.json").read_text(encoding="utf-8"))
    payloads = {
        one["id"]: {"rows": one["rows"], "summary": one["summary"]} for one in held["evidence"]
    }
    records = {one["id"]: _record(one, held["onset"]) for one in held["evidence"]}
    return Proof(records, payloads.__getitem__, onset=held["onset"])


def _record(one: dict[str, Any], at: float) -> Evidence:
    collected = datetime.fromtimestamp(at, UTC)
    fields = {name: value for name, value in one.items() if name != "rows"}
    return Evidence(**fields, collected_at=collected, collected_by="test", digest=one["id"])
