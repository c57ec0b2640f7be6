"""A cluster is looked at from dumps of kubectl's, without a cluster, service or model."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from warroom.console.main import app
from warroom.diagnosis.cluster import look_at_cluster
from warroom.diagnosis.look import Health
from warroom.errors import InputError
from warroom.tests.support.clusters import dump, node, pending, workload


def test_the_object_to_put_right_is_named_with_what_to_do(tmp_path: Path) -> None:
    waiting = [one for n in range(3) for one in pending(workload(f"w{n}"))]
    dump(tmp_path, node("n1", unschedulable=True), *waiting)
    told = CliRunner().invoke(app, ["diagnose", "--kubernetes", str(tmp_path)])
    assert told.exit_code == 1
    assert "cordoned: Node n1 is cordoned" in told.output
    assert "Uncordon the node." in told.output
    assert "w1" not in told.output.replace("Deployment shop/w1", "")


def test_what_is_well_is_called_so(tmp_path: Path) -> None:
    (look,) = look_at_cluster(dump(tmp_path, node("n1"), *workload("cart")))
    assert look.health is Health.well
    assert "4 objects" in look.says


@pytest.mark.parametrize(("name", "text"), [("x.json", "{"), ("x.txt", "{}")])
def test_what_is_no_dump_says_what_to_write(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match="kubectl"):
        look_at_cluster(tmp_path)
