"""The database fails over to its standby: while somebody is asked, and within an action."""

from pathlib import Path

import pytest

from warroom.record.tables import ALERTS
from warroom.tests.support.alerts import posted
from warroom.tests.support.databases import fresh
from warroom.tests.support.installations import Installation
from warroom.tests.support.standby import pair
from warroom.tests.support.supervisor_world import World

pytestmark = pytest.mark.reliability


@pytest.mark.parametrize("when", ["waiting", "acting"])
def test_a_server_that_fails_over(tmp_path: Path, recording: Path, shop: World, when: str) -> None:
    (tmp_path / "pg").mkdir()
    with pair(tmp_path / "pg") as servers:
        installation = Installation(tmp_path, recording, shop, fresh(servers.dsn))
        with installation.serve() as warroom:
            warroom.send()
            question = warroom.asked_for()
            warroom.send(*(posted(f"svc-{n}", n + 10, environment="other") for n in range(20)))

            def fail(method: str, _name: str) -> None:
                if method == "stopProcess":
                    shop.before = lambda *_: None
                    servers.fail_over()

            if when == "acting":
                shop.before = fail
                warroom.answer(question)
                warroom.until(lambda: (tmp_path / "pg/other").exists() or shop.starts())
            else:
                servers.fail_over()
                warroom.until(lambda: warroom.answer(question).status_code in (200, 409))
            warroom.approve_until_over(question["incident_id"])
            assert shop.starts("payments-1") == 1
            assert warroom.whole()
        assert len(installation.rows(ALERTS)) == 21
        installation.engine.dispose()
