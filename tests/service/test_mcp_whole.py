"""An agent over MCP and real processes: it raises an alert, looks, proposes; a person decides, and
only then something happens."""

from pathlib import Path

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from warroom.tests.support.installations import Asked, Installation
from warroom.tests.support.mcp_clients import told
from warroom.tests.support.responses import HANGS
from warroom.tests.support.shop_bundle import write_shop
from warroom.tests.support.supervisor_world import world


def ask(there: Asked, token: str, tool: str, **arguments) -> dict:
    async def speak():
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(streamable_http_client(f"{there.service.url}/mcp", http_client=http)) as client,
        ):
            return await client.call_tool(tool, arguments)

    return told(anyio.run(speak))["data"]


@pytest.mark.thorough
def test_what_an_agent_proposes_happens_once_a_person_approves(tmp_path: Path):
    write_shop(tmp_path / "bundle", HANGS)
    with world("gateway-1", "payments-1", "checkout-1") as shop:
        there = Installation(tmp_path, tmp_path / "bundle", shop)
        with there.serve() as service:
            made = service.client.post(
                "/api/v1/tokens", json={"name": "agent", "role": "responder"}
            )
            token = made.json()["token"]
            alert = {"name": "HighErrorRate", "service": "gateway", "severity": "critical"}
            (incident,) = ask(service, token, "start_triage", **alert, summary="requests fail")
            first = service.asked_for()
            assert first["title"] == "restart payments"
            why = {"incident": incident, "reason": "it was slow before"}
            mine = ask(service, token, "propose_action", action="restart", target="checkout", **why)
            shown = ask(service, token, "get_incident", incident=incident)
            waits = [one["subject"] for one in shown["waits_for"] if one["kind"] == "action"]
            assert waits == [mine["subject"]]
            assert not shop.acted, "nothing happens by asking"
            assert service.answer(mine).status_code == 200
            service.until(lambda: shop.starts("checkout-1"))
            again = service.asked_for()
            assert again["title"] == "restart payments", "what was asked before is asked anew"
            service.approve_until_over(incident)
            done = ask(service, token, "get_incident", incident=incident)["done"]
            assert any(line.startswith("restart payments") for line in done)
            assert service.whole()
