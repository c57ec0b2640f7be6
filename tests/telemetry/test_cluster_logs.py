"""What pods said lies beside a dump under many names; each finds its pod and container."""

from pathlib import Path
from typing import Any

import pytest

from warroom.diagnosis.cluster import read_cluster
from warroom.tests.support.clusters import dump, made, workload

TWO: dict[str, Any] = {"pod": {"initContainers": [{"name": "wait"}]}}


def said(folder: Path) -> dict[str, str]:
    """By container: what is known that it said."""
    return {one.name: one.text("text") for one in read_cluster(folder).seen.of("PodLog")}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("cart-1-0.log", "cart-1-0/cart"),
        ("logs/shop_cart-1-0_cart.previous.log", "cart-1-0/cart/previous"),
        ("shop/cart-1-0/logs.txt", "cart-1-0/cart"),
        ("namespaces/shop/pods/cart-1-0/wait/wait/logs/current.log", "cart-1-0/wait"),
        ("prev/cart-1-0-wait.txt", "cart-1-0/wait/previous"),
        ("shop-cart-1-0-cart.log", "cart-1-0/cart"),
        ("cart.log", "cart-1-0/cart"),
    ],
)
def test_a_file_names_its_pod(tmp_path: Path, path: str, name: str) -> None:
    file = dump(tmp_path, *workload("cart", **TWO)) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("first\nlast words\n")
    assert said(tmp_path) == {name: "first\nlast words"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("carts-1-0.log", "of another pod"),
        ("events.txt", "of none"),
        ("cart-1-0.txt", "Name:         cart-1-0\nNamespace:    shop\n"),
        ("cart-1-0.log", ""),
    ],
)
def test_what_no_pod_said_is_left_out(tmp_path: Path, path: str, text: str) -> None:
    (dump(tmp_path, *workload("cart")) / path).write_text(text)
    assert said(tmp_path) == {}


def test_lines_say_of_which_container_they_are(tmp_path: Path) -> None:
    dump(tmp_path, *workload("cart", **TWO))
    text = "".join(
        f"==== START logs for container {one} of pod shop/cart-1-0 ====\n{one} said\n"
        f"==== END logs for container {one} of pod shop/cart-1-0 ====\n"
        for one in ("wait", "cart")
    )
    (tmp_path / "logs.txt").write_text(text)
    assert said(tmp_path) == {"cart-1-0/wait": "wait said", "cart-1-0/cart": "cart said"}
    text = "[pod/cart-1-0/cart] one\n[pod/cart-1-0/wait] two\n[pod/cart-1-0/cart] three\n"
    (tmp_path / "logs.txt").write_text(text)
    assert said(tmp_path) == {"cart-1-0/cart": "one\nthree", "cart-1-0/wait": "two"}


def test_one_name_in_two_namespaces_is_told_by_the_path(tmp_path: Path) -> None:
    pods = [made("Pod", "db-0", space, spec={"containers": [{"name": "db"}]}) for space in "ab"]
    dump(tmp_path, *pods)
    (tmp_path / "db-0.log").write_text("whose?")
    assert said(tmp_path) == {}
    (tmp_path / "b_db-0.log").write_text("b's")
    (found,) = read_cluster(tmp_path).seen.of("PodLog")
    assert found.ref == "PodLog b/db-0/db"


def test_a_long_log_is_kept_to_its_end_and_without_passwords(tmp_path: Path) -> None:
    dump(tmp_path, *workload("cart"))
    end = "run --password=hunter2 at postgres://cart:hunter2@pg/cart"
    (tmp_path / "cart-1-0.log").write_text("x" * 9_000_000 + "\n" + end)
    (text,) = said(tmp_path).values()
    assert len(text) < 20_000 and "hunter2" not in text
    assert text.endswith("postgres://pg/cart")
