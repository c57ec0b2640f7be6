"""Every list of feeds.yaml over its documented example, and what all of them have in common."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from warroom.analysis.code.contact import study
from warroom.errors import TableError
from warroom.telemetry.model import Window
from warroom.telemetry.records import change_kind
from warroom.telemetry.sources import feeds as feeds_module
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.feed_table import Listing, Path, Place, Text, feeds
from warroom.telemetry.sources.registry import OPENERS
from warroom.telemetry.sources.source import Batch, Scope, Source, SourceQuery
from warroom.tests.support.feed_backends import FeedBackend
from warroom.tests.support.feed_examples import (
    AT,
    EXAMPLES,
    ISO,
    SECRET,
    Example,
    kubernetes,
    pods,
    replica_set,
)
from warroom.tests.support.http_backends import FAILURES, Question, Reply
from warroom.yaml_tables import parse_table

AROUND = Window(AT - 600, AT + 600)
EVERY = [(kind, what) for kind, listed in EXAMPLES.items() for what in listed]
KINDS = pytest.mark.parametrize("kind", list(EXAMPLES))


@pytest.fixture
def served() -> Iterator["Served"]:
    made = Served()
    yield made
    for backend in made.backends:
        backend.close()


class Served:
    """Backends of a test."""

    def __init__(self) -> None:
        self.backends: list[FeedBackend] = []

    def __call__(self, kind: str, *examples: Example) -> FeedBackend:
        made = FeedBackend(kind)
        self.backends.append(made)
        for example in examples:
            made.serve(example)
        return made


def opened(backend: FeedBackend, **json_data) -> Source:
    known = {"name": "it", "type": backend.kind, "url": backend.where, "timeout": 5}
    source = Datasource.model_validate(known | {"jsonData": backend.json_data | json_data})
    (made,) = (one for one in OPENERS[backend.kind](source) if one.modality == "changes")
    return made


def ask(backend: FeedBackend, after=None, **json_data) -> Batch:
    return opened(backend, **json_data).read(SourceQuery(window=AROUND, after=after))


def rows(batch: Batch) -> list[dict]:
    return [json.loads(line) for line in batch.lines.splitlines()]


def test_each_list_has_an_example():
    listed = {kind: [one.what for one in listings] for kind, listings in feeds().items()}
    assert listed == {kind: list(examples) for kind, examples in EXAMPLES.items()}


@pytest.mark.parametrize(("kind", "what"), EVERY)
def test_an_example_is_the_change_that_it_tells_of(served, kind, what):
    example = EXAMPLES[kind][what]
    backend = served(kind, example)
    batch = ask(backend)
    assert rows(batch) == [{name: value for name, value in example.change.items() if value != ""}]
    assert batch.gap == ""
    assert rows(ask(backend, after=batch.after)) == []


@pytest.mark.parametrize(("kind", "what"), EVERY)
def test_the_word_of_each_tool_is_a_kind_that_we_know(kind, what):
    wanted = {"flag": "flag", "secret": "config", "configmap": "config", "commit": "commit"}
    word = EXAMPLES[kind][what].change["kind"]
    assert change_kind(word, versioned=False) == wanted.get(word, "deploy")


@KINDS
def test_one_list_that_is_refused_keeps_no_other_from_being_read(served, kind, monkeypatch):
    backend, answer = served(kind, *EXAMPLES[kind].values()), FeedBackend.answer
    first = next(iter(EXAMPLES[kind].values())).path.partition("?")[0]

    def forbidding(question: Question) -> Reply:
        return FAILURES["403"] if question.path == first else answer(backend, question)

    everything = len(rows(ask(backend)))
    monkeypatch.setattr(backend, "answer", forbidding)
    if everything > 1:
        batch = ask(backend)
        assert 0 < batch.rows < everything
        assert f"{feeds()[kind][0].what}: knows us and forbids it" in batch.gap


@KINDS
def test_a_clock_that_is_off_is_said(served, kind):
    backend = served(kind, *EXAMPLES[kind].values())
    backend.extra = {"Date": "Wed, 01 Jan 2020 00:00:00 GMT"}
    assert "behind ours" in ask(backend).gap


@KINDS
@pytest.mark.parametrize("odd", [{"x": 1}, [], "x", 5, [[1]], {"a": [{}]}])
def test_entries_of_another_shape_do_no_harm(served, kind, odd, monkeypatch):
    backend = served(kind, *EXAMPLES[kind].values())
    for example in EXAMPLES[kind].values():
        if isinstance(example.answer, dict):
            backend.answers[example.path] = {key: [odd] for key in example.answer}
        else:
            backend.answers[example.path] = [odd]
    try:
        assert rows(ask(backend)) == []
    except feeds_module.TelemetryError as error:
        assert "without a time" in str(error) or "time that is none" in str(error)


def test_of_secrets_the_metadata_alone_is_asked_for_and_nothing_else_is_told(served):
    backend = served("kubernetes", *EXAMPLES["kubernetes"].values())
    batch = ask(backend)
    accepted = {one.path: one.headers.get("accept", "") for one in backend.asked}
    for path in ("/api/v1/secrets", "/api/v1/configmaps"):
        assert "as=PartialObjectMetadataList" in accepted[path]
        assert "," not in accepted[path]  # no whole objects where it has no such list
    assert SECRET.encode() not in batch.lines
    assert batch.rows == len(EXAMPLES["kubernetes"])


def test_a_namespace_is_asked_for_alone(served):
    backend = served("kubernetes")
    with pytest.raises(feeds_module.TelemetryError, match="no such address"):
        ask(backend, namespace="shop")
    assert {one.path.split("/namespaces/")[1].split("/")[0] for one in backend.asked} == {"shop"}


def test_what_was_rolled_back_to_is_told_when_it_was(served):
    old = replica_set("cart-1", 11, pods("shop/cart:1", "20"), "2023-01-01T00:00:00Z")
    old["metadata"]["managedFields"][0]["time"] = ISO
    new = replica_set("cart-2", 10, pods("shop/cart:2", "2"), "2023-02-01T00:00:00Z")
    example = replace(EXAMPLES["kubernetes"]["rollouts"], answer={"items": [new, old]})
    (row,) = rows(ask(served("kubernetes", example)))
    assert (row["at"], row["version"], row["previous"]) == (AT, "shop/cart:1", "shop/cart:2")
    assert "+        DB_POOL: '20'" in row["diff"]


def test_a_revert_that_flux_applied_is_told_when_it_was(served):
    """Its history has the old entry in front again, as a real kustomize-controller writes it."""
    example = EXAMPLES["kubernetes"]["Flux Kustomizations"]
    one = json.loads(json.dumps(example.answer["items"][0]))
    (now,) = one["status"]["history"]
    now |= {"firstReconciled": "2023-01-01T00:00:00Z", "lastReconciled": "2023-11-14T22:14:00Z"}
    bad = {"firstReconciled": "2023-11-14T22:00:00Z", "lastReconciled": ISO, "digest": "sha256:2"}
    one["status"]["history"] = [now, {**now, **bad, "metadata": {"revision": "main@sha1:aaaa"}}]
    (row,) = rows(ask(served("kubernetes", replace(example, answer={"items": [one]}))))
    revision = now["metadata"]["revision"]
    assert (row["at"], row["version"], row["previous"]) == (AT, revision, "main@sha1:aaaa")
    assert row["id"].endswith(f"-{revision}")


def test_what_a_rollout_turned_is_read_from_its_diff():
    told = EXAMPLES["kubernetes"]["rollouts"].change
    (found,) = study(told["files"], told["diff"]).effects
    assert found.text == "DB_POOL 20 -> 2"


def test_a_cluster_that_has_none_says_null(served):
    """As a real API server does of metadata alone; what comes after is read all the same."""
    backend = served("kubernetes", EXAMPLES["kubernetes"]["Flux Kustomizations"])
    none = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "items": None}
    for what in ("secrets", "configmaps"):
        backend.told[f"/api/v1/{what}"] = json.dumps(none).encode()
    batch = ask(backend)
    assert not batch.gap and len(rows(batch)) == 1


def test_a_list_of_kubernetes_is_read_page_by_page(served, monkeypatch):
    backend, asked = served("kubernetes"), list[str]()
    pages = {"": (range(500), "p2"), "p2": (range(500, 600), "")}

    def paging(question: Question) -> Reply:
        if not question.path.endswith("configmaps"):
            return Reply({"items": []})
        asked.append(question.get("continue"))
        numbers, more = pages[asked[-1]]
        items = [kubernetes(f"pools-{number}") for number in numbers]
        return Reply({"items": items, "metadata": {"continue": more} if more else {}})

    monkeypatch.setattr(backend, "answer", paging)
    assert ask(backend).rows == 600
    assert asked == ["", "p2"]


def test_pages_are_bounded_and_said(served, monkeypatch):
    backend = served("launchdarkly")
    monkeypatch.setattr(feeds_module, "MOST_PAGES", 2)
    whole = EXAMPLES["launchdarkly"]["audit log entries"].answer["items"][0]

    def full(question: Question) -> Reply:
        if "before" not in question.params:
            return Reply({}, 404)
        end = int(question["before"])
        facts = ({"_id": f"{end - n}", "date": end - n - 1} for n in range(20))
        return Reply({"items": [whole | one for one in facts]})

    monkeypatch.setattr(backend, "answer", full)
    batch = ask(backend)
    assert batch.rows == 40
    assert any("audit log entries beyond the first 40" in said for said in batch.left_out)


def test_several_scopes_of_one_step_ask_once(served):
    backend = served("gitlab", *EXAMPLES["gitlab"].values())
    source = opened(backend)
    for service in ("cart", "login"):
        source.read(SourceQuery(Scope(frozenset([service])), AROUND))
    asked = [one.raw for one in backend.asked]
    assert len(asked) == len(set(asked)) > 4
    source.read(SourceQuery(window=Window(AROUND.start, AROUND.end + 1)))
    assert len(backend.asked) > len(asked)


def test_a_state_that_is_nested_too_deeply_has_no_diff(served):
    deep: dict = {}
    for _ in range(400):
        deep = {"x": deep}
    example = EXAMPLES["unleash"]["events"]
    event = example.answer["events"][0] | {"data": deep}
    (row,) = rows(ask(served("unleash", replace(example, answer={"events": [event]}))))
    assert "diff" not in row


def test_labels_name_the_service_in_the_order_of_the_datasource(served):
    example = EXAMPLES["kubernetes"]["rollouts"]
    answer = json.loads(json.dumps(example.answer))
    labels = {"app.kubernetes.io/name": "basket", "app": "cart"}
    answer["items"][1]["metadata"]["labels"] = labels
    (row,) = rows(ask(served("kubernetes", replace(example, answer=answer))))
    assert row["service"] == "basket"
    assert rows(ask(served("kubernetes", example), folders={"checkout": "car"})) != []


def test_a_folder_of_the_datasource_says_whose_an_application_is(served):
    example = EXAMPLES["argocd"]["syncs"]
    (row,) = rows(ask(served("argocd", example), folders={"checkout": "cart"}))
    assert row["service"] == "checkout"


@pytest.mark.parametrize("id", ["../../user", "a/../b", "..", "", "a\nb", "x" * 500])
def test_an_entry_leads_to_no_other_address(served, id):
    example = EXAMPLES["launchdarkly"]["audit log entries"]
    answer = {"items": [example.answer["items"][0] | {"_id": id}]}
    backend = served("launchdarkly", replace(example, answer=answer))
    ask(backend)
    assert [one.path for one in backend.asked] == ["/api/v2/auditlog"]


def test_a_project_of_gitlab_is_one_segment(served):
    backend = served("gitlab", EXAMPLES["gitlab"]["commits"])
    ask(backend)
    assert all(one.raw.startswith("/api/v4/projects/shop%2Fshop/") for one in backend.asked)


def test_what_the_datasource_does_not_say_is_asked_for_in_words(served):
    with pytest.raises(
        feeds_module.TelemetryError, match=r"deployments: its jsonData needs .*owner"
    ):
        ask(served("github"), repository="")


@pytest.mark.parametrize(
    ("text", "said"),
    [("a.b[0]", "x"), ("c || a.d", "y"), ("a.nothing.at.all", None), ("max(a)", None)],
)
def test_a_path(text, said):
    assert Path(text).at({"a": {"b": ["x"], "d": "y"}}) == said


def test_a_text_and_an_address():
    entry = {"a": 1, "b": "x", "up": "../.."}
    assert Text("{a}: {b} of {c}").of(entry) == "1: x of "
    assert Text("{a}{c}").whole(entry) == ""
    assert Place("api/{b}/{a}...{b}").at(entry) == ("api", "x", "1...x")
    assert Place("api/{c}").at(entry) == Place("api/{up}").at(entry) == ()


def test_a_wrong_path_in_the_table_is_named():
    text = "- {what: x, docs: x, path: [x], at: 'a[', id: x, text: x}\n"
    with pytest.raises(TableError, match=r"x.yaml:1: 0.at: not a path"):
        parse_table(text, tuple[Listing, ...], "x.yaml")


def test_every_row_names_its_page():
    assert all(one.docs.startswith("https://") for listed in feeds().values() for one in listed)
