"""Who among customers was hurt, where labels tell them apart; and nobody where none does."""

from pathlib import Path
from typing import Any

from warroom.tests.support.benches import ONSET, bench_over, empty_bench
from warroom.tests.support.bundles import BundleWriter
from warroom.tests.support.edge_traffic import EDGE


def bundle(root: Path, labels: list[dict[str, Any]]) -> None:
    with BundleWriter(root, EDGE) as written:
        for n in range(60):
            bad = n % 3 == 0
            facts = {"http.route": "/cart" if n % 2 else "/pay", **labels[n % len(labels)]}
            facts["http.response.status_code"] = 500 if bad else 200
            names = (f"{n:032x}", f"{n:016x}", "")
            written.span(
                ONSET + n / 6, "gateway", "GET", names, error="HTTP 500" if bad else "", **facts
            )


def test_groups_are_counted_by_their_labels(tmp_path: Path) -> None:
    bundle(tmp_path, [{"tenant.id": "acme"}, {"tenant.id": "umbrella"}, {"tenant.id": "hooli"}])
    rows = bench_over(tmp_path).rows("hurt_segments")
    assert [(r["label"], r["value"], r["failed"], r["requests"], r["route"]) for r in rows] == [
        ("tenant.id", "acme", 20, 20, "/pay"),
        ("tenant.id", "hooli", 0, 20, ""),
        ("tenant.id", "umbrella", 0, 20, ""),
    ]


def test_nobody_is_made_up(tmp_path: Path) -> None:
    ours = {"cloud.region": "eu-1", "enduser.id": "ann@example.com", "service.segment": "x"}
    bundle(tmp_path / "ours", [ours])
    for bench in (bench_over(tmp_path / "ours"), empty_bench(tmp_path / "none")):
        table = bench.call("hurt_segments")
        assert table.rows == []
        assert "no label tells customers apart" in table.summary
