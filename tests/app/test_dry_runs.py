"""A dry run looks at every step and changes nothing; it is kept, grows old, and its owner hears of
it once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from warroom.agents.runtime.context import ResponseContext
from warroom.app.dry_runs import dry_run, dry_runs, listed, looked, remind
from warroom.app.notifying import channels_of
from warroom.app.runbooks import Written, kept
from warroom.errors import NotFound
from warroom.incident.evidence import digest
from warroom.incident.identity import WARROOM
from warroom.incident.severity import Severity
from warroom.incident.timeline import utc_now
from warroom.plans.runbook import Runbook, parse_runbook, shipped
from warroom.record.store import Store
from warroom.targets.stand_ins import Rehearsal
from warroom.telemetry.bundle import no_telemetry
from warroom.tests.support.consoles import INVENTORY
from warroom.tests.support.consoles import context as room
from warroom.tests.support.hooks import hook
from warroom.tests.support.incidents import full
from warroom.tests.support.nights import night
from warroom.tests.support.people import person

ANN = person("ann")
LOOK = "{kind: assess, text: See who is hurt, tool: traffic_impact}"
RESTART = (
    "{kind: remediate, text: Scale it, action: scale, target: checkout, parameters: {instances: 2}}"
)
TICKET = "{kind: ticket, text: Mend it for good}"


def text(*steps: str, head: str = "owner: ann") -> str:
    lines = [
        "---",
        "name: edge",
        head,
        "steps:",
        *(f"- {step}" for step in steps),
        "---",
        "# Edge\n",
    ]
    return "\n".join(lines)


def write(store: Store, *steps: str, head: str = "owner: ann") -> None:
    """Kept as one of the team's own."""
    new = text(*steps, head=head)
    body = Written(file="edge.md", digest=digest(new), listed=True, texts=[new])
    kept(store).put("edge", body, WARROOM)


@pytest.fixture
def context(tmp_path: Path) -> ResponseContext:
    (tmp_path / "home").mkdir()
    return room(tmp_path / "home")


@pytest.mark.parametrize(
    ("step", "state", "says"),
    [
        (LOOK, "ready", "asks traffic_impact"),
        (LOOK.replace("traffic_impact", "gremlins"), "wrong", "no tool 'gremlins': write one of"),
        (LOOK[:-1] + ", arguments: {limt: 3}}", "wrong", "limt"),
        (RESTART, "ready", "(instances=2): persons asked: 2; nothing is changed before"),
        (RESTART.replace("checkout", "nothing"), "wrong", "no service 'nothing'"),
        (RESTART.replace("scale", "levitate"), "wrong", "no action 'levitate'"),
        (RESTART.replace("instances: 2", "instances: no"), "wrong", "instances"),
        (RESTART[:-1] + ", when: {severity: [P3]}}", "skipped", "only at P3; it is P0"),
        ("{kind: contain, text: Call them}", "by hand", "until a person says that it is done"),
        ("{kind: communicate, text: Tell them}", "ready", "texts that are due: "),
        (TICKET, "unclear", "a follow-up alone: no channel of `notifications` carries tickets"),
        ("{kind: diagnose, text: Look, tool: quick_diagnostic}", "ready", "asks quick_diagnostic"),
    ],
)
def test_each_step_says_what_would_come_of_it(context, step: str, state: str, says: str):
    from warroom.actions.policy import Policy

    context.policy = Policy.model_validate(
        {"approve": {"P0": 2}, "freeze": ["2026-01-01T00:00/P3000D UTC"]}
    )
    document = full()
    document.executions, document.severity = [], Severity.P0
    [(found, said)] = looked(context, document, parse_runbook(text(step), "edge.md"), True)
    assert (found, says in said) == (state, True), said
    assert context.store.incidents() == []  # nothing of it is kept


@pytest.mark.parametrize("book", shipped(), ids=lambda book: book.name)
def test_no_step_of_what_is_shipped_would_fail(context, book: Runbook):
    """On an incident, and without one."""
    document = full()
    document.executions = []
    for real in (True, False):
        seen = looked(context, document, book, real)
        assert [says for state, says in seen if state == "wrong"] == []


def test_an_action_that_was_tried_or_has_no_hands_would_fail(context):
    book, document = parse_runbook(text(RESTART.replace("scale", "roll back")), "edge.md"), full()
    for hands, why in ((Rehearsal(INVENTORY), "to_version"), (None, "no operations.json")):
        context.operations = hands
        [(state, says)] = looked(context, document, book, True)
        assert state == "wrong" and why in says
    assert context.recorder.recording.gaps == no_telemetry().recording.gaps


def test_it_is_kept_with_who_and_grows_old(context, tmp_path, monkeypatch):
    store = context.store
    monkeypatch.setenv("WARROOM_CONFIG", str(file := tmp_path / "warroom.yaml"))
    file.write_text("runbooks: {tested_within: 2d}\n")
    write(store, LOOK)
    assert why(store) == "never tried"
    seen = dry_run(context.settings, store, "edge", ANN)
    assert [advice[:8] for advice in seen.advice] == ["give it ", "end it w"]
    assert dry_runs(store).get("edge").made_by == "ann"
    assert why(store) == ""
    assert why(store, 3) == "tried 3 days ago"
    write(store, LOOK, LOOK)
    assert why(store).startswith("changed since it was tried on 2")
    write(store, LOOK.replace("traffic_impact", "gremlins"))
    assert dry_run(context.settings, store, "edge", ANN).wrong == 1
    assert why(store).startswith("steps that would have failed on 2")
    with pytest.raises(NotFound, match="runbook list"):
        dry_run(context.settings, store, "gremlins", ANN)


def why(store: Store, days: int = 0) -> str:
    """Why it should be tried; what is shipped never is."""
    all_of_them = listed(store, utc_now() + timedelta(days=days))
    due = {book.name: why for book, _why, _last, why in all_of_them if why}
    return due.get("edge", "") if due.keys() <= {"edge"} else "others too"


def test_without_an_incident_targets_are_those_of_the_catalogue(context, tmp_path, monkeypatch):
    monkeypatch.setenv("WARROOM_CONFIG", str(file := tmp_path / "warroom.yaml"))
    file.write_text("catalog: [shop.yaml]\n")
    entity = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: checkout}\n"
    (tmp_path / "shop.yaml").write_text(f"{entity}spec: {{type: service, owner: orders}}\n")
    elsewhere = RESTART.replace("checkout", "'{service}'")
    write(context.store, RESTART, elsewhere, RESTART.replace("scale", "levitate"))
    seen = dry_run(context.settings, context.store, "edge", ANN)
    assert [state for state, _says in seen.steps] == ["ready", "unclear", "wrong"]


def test_a_tracker_is_asked_whether_it_answers_and_nothing_is_made(context, tmp_path, monkeypatch):
    monkeypatch.setenv("WARROOM_CONFIG", str(file := tmp_path / "warroom.yaml"))
    with hook() as there:
        board = f"{{name: board, post: github, url: {there.url}, place: a/b, carries: ticket}}"
        file.write_text(f"notifications: {{channels: [{board}]}}\n")
        write(context.store, TICKET)
        there.answers = [[]]
        for status, found in ((200, "ready"), (403, "wrong")):
            there.status = status
            seen = dry_run(context.settings, context.store, "edge", ANN)
            assert [state for state, _says in seen.steps] == [found]
        assert there.methods == ["GET", "GET"]
    assert channels_of(context.store.engine).unanswered("email") == []


def test_its_owner_hears_of_it_once_across_servers(tmp_path, place, monkeypatch):
    monkeypatch.setenv("WARROOM_CONFIG", str(tmp_path / "home" / "warroom.yaml"))
    shop = night(tmp_path / "home", place, "{}\n", datetime(2026, 11, 30, tzinfo=UTC), servers=2)
    channel = shop.way("ann", "email", address="ann@example.org")
    write(shop.store, LOOK)
    for store in (*shop.stores, *shop.stores):
        remind(store)
    assert [line.split()[-1] for line in shop.outbox()] == [channel]
    dry_run(shop.settings, shop.store, "edge", ANN)
    remind(shop.store)
    assert len(shop.outbox()) == 1
    write(shop.store, LOOK, LOOK)  # another text
    for store in shop.stores:
        remind(store)
    assert len(shop.outbox()) == 2
