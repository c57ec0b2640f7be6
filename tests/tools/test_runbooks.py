"""Runbooks: what they say can be done, and how they are found."""

import re

import pytest

from warroom.faults import faults
from warroom.incident.finding import FaultKind
from warroom.telemetry.signal_catalogue import CATALOGUE
from warroom.tests.support.benches import empty_bench
from warroom.tools.base import REGISTRY

CHECK = re.compile(r"\b[a-z]+_[a-z_]+\b")


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return empty_bench(tmp_path_factory.mktemp("nothing"))


@pytest.mark.parametrize("kind", list(FaultKind))
def test_every_kind_of_fault_leads_to_its_own_runbook(bench, kind):
    rows = bench.rows("find_runbook", fault=kind.value, limit=1)
    assert [row["score"] for row in rows] == [10]
    fault = next(book.kind for book in faults().values() if book.id == rows[0]["id"])
    assert fault == kind.value
    assert rows[0]["first_moves"]
    assert rows[0]["verification"]


GEN_AI = {"gen_ai", "time_to_first_chunk", "time_to_first_token", "invoke_agent", "execute_tool"}
GEN_AI |= {"inference_calls", "tool_calls"}
"""OpenTelemetry's names of spans and metrics."""


def test_checks_name_tools_and_signals_that_exist():
    known = set(REGISTRY) | set(CATALOGUE) | {"user_agent"}
    known |= {"fanout_ratio"}  # a field of slow_queries
    known |= GEN_AI
    texts = [text for book in faults().values() for text in book.sections.values()]
    assert sum(len(CHECK.findall(text)) for text in texts) > 20
    for book in faults().values():
        for text in book.sections.values():
            unknown = set(CHECK.findall(text)) - known
            assert not unknown, f"{book.id} speaks of {unknown}"


@pytest.mark.parametrize(
    ("line", "best"),
    [
        ("FATAL: sorry, too many clients already", "database"),
        ("could not resolve host inventory.internal", "network"),
        ("no space left on device", "disk-full"),
        ("certificate has expired", "certificate"),
        ("java.lang.OutOfMemoryError: out of memory", "memory-leak"),
        ("brute force against /login", "credential-attack"),
        ("CUDA error: GPU out of memory", "model-fault"),
        ("P95 latency", "slow-release"),
        ("503 from upstream", "dependency-outage"),
    ],
)
def test_lines_of_logs_lead_to_a_runbook(bench, line, best):
    assert bench.rows("find_runbook", fault=line)[0]["id"] == best


def test_limit_is_kept_but_shows_at_least_one(bench):
    assert (
        len(bench.rows("find_runbook", fault="error rate after a deploy of a flag", limit=2)) == 2
    )
    assert len(bench.rows("find_runbook", fault="memory leak", limit=0)) == 1
