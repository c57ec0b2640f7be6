"""Whose a thing in a cluster is, one list of labels says, where it is read and where acted on."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from warroom.app.configuration import Sources
from warroom.app.opening import open_context
from warroom.settings import Settings
from warroom.telemetry.cluster_state import cluster_of
from warroom.tests.support.cluster_api import ClusterApi
from warroom.tests.support.cluster_shop import shop
from warroom.tests.support.http_backends import serving
from warroom.tests.support.shop_cluster import deployment


@pytest.mark.parametrize("where", ["warroom.yaml", "operations.json"])
def test_it_is_known_by_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    with serving(ClusterApi()) as api:
        assert isinstance(api, ClusterApi)
        shop(api)
        named: dict[str, Any] = deployment(labels={"acme.org/component": "store-front"})
        named["metadata"]["name"] = "front"
        api.add("deployments", named)
        cluster = {"name": "prod", "url": api.where, "namespaces": ["shop"], "mode": "act"}
        file, operations = tmp_path / "warroom.yaml", tmp_path / "operations.json"
        mode = "act" if where == "warroom.yaml" else "read"
        labels = {"service": ["acme_org_component", "app"]}
        file.write_text(
            yaml.safe_dump({"kubernetes": [{**cluster, "mode": mode}], "labels": labels})
        )
        operations.write_text(json.dumps({"kubernetes": [cluster]}))
        monkeypatch.setenv("WARROOM_CONFIG", str(file))
        sources = Sources(operations=operations if mode == "read" else None)
        context = open_context(Settings.model_validate({"home": tmp_path / "home"}), sources)
        assert set(context.inventory.services) == {"store-front", "web"}
        context.recorder.focus("store-front", 0.0)
        state = cluster_of(context.recorder.advance())
        context.store.engine.dispose()
    assert state is not None
    assert state.services["Deployment shop/front"] == "store-front"
