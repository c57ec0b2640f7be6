"""Names, secrets and full disks: a response goes on, and says what it could not write."""

import json
import stat
from xml.etree import ElementTree

import pytest

from warroom.app.charts.svg import document, text
from warroom.app.configuration import Sources, recall, remember
from warroom.app.decisions import approve, named
from warroom.app.files import write_files
from warroom.app.record import Record
from warroom.errors import InputError, NotFound
from warroom.incident.action import Verdict
from warroom.incident.communication import MessageState
from warroom.incident.document import Incident, escaped, to_json
from warroom.incident.timeline import Event, EventKind
from warroom.telemetry.bundle import open_bundle
from warroom.tests.support.bundles import START
from warroom.tests.support.consoles import asked, context, kept
from warroom.tests.support.incidents import at, full
from warroom.tests.support.people import person
from warroom.tests.support.responses import HANGS, begin, decide, finish, room_over
from warroom.tests.support.shop_bundle import write_shop

SECRET = "Tr0ub4dor&3xyz"


@pytest.fixture
def here(tmp_path):
    return context(tmp_path / "home")


def test_a_logged_password_stands_in_no_file(here):
    document = full()
    document.timeline[0].text += f" password={SECRET} from 203.0.113.7"
    document.findings[0].statement += f"; password={SECRET}"
    document.proposals[0].rationale += f" (password={SECRET})"
    plan = document.proposals[0]
    document.executions[0].plan = plan.hash
    document = kept(here.store, document)
    written = write_files(here, document.id)
    texts = {path.name: path.read_text() for path in written.files}
    assert {"incident.md", "incident.json"} <= texts.keys()
    assert [name for name, words in texts.items() if SECRET in words] == []
    assert "203.0.113.7" in texts["incident.json"]  # who responds has to find the address
    published = Incident.model_validate_json(texts["incident.json"])
    assert published.plan(published.executions[0].plan) == published.proposals[0]
    assert {stat.S_IMODE(path.stat().st_mode) for path in written.files} == {0o600}
    assert SECRET in str(here.store.load(document.id))  # the record itself keeps what was seen


def test_what_cannot_be_written_is_said_and_the_rest_is_written(here):
    incident = kept(here.store, full()).id
    folder = here.settings.files(incident)
    (folder / "incident.md").mkdir(parents=True)
    (folder / "charts").write_text("a file where a folder should be")
    written = write_files(here, incident)
    gaps = [gap.what for gap in written.gaps]
    charts = ("fault-tree", "fishbone", "five-whys", "timeline")
    assert gaps == [*(f"the file charts/{name}.svg" for name in charts), "the file incident.md"]
    assert [path.name for path in written.files] == ["incident.json"]


def test_no_control_character_reaches_a_picture():
    words = "a\x00b\x1b[2J\ud800\ufffe<&"
    picture = document(10, 10, words, [text(1, 1, words)])
    assert ElementTree.fromstring(picture.encode()).tag.endswith("svg")


def test_json_steers_no_terminal():
    incident = full()
    incident.title = "a\x9b31m\u202egnp.exe\u200b\U000e0041"
    said = to_json(incident)
    assert not set(said) & set("\x9b\u202e\u200b\U000e0041")
    assert json.loads(said)["title"] == incident.title
    assert json.loads(escaped(json.dumps("\ud800", ensure_ascii=False))) == "\ud800"


def test_an_outbox_that_cannot_be_written_is_a_gap_and_the_commander_is_asked(tmp_path):
    here = room_over(tmp_path)
    here.settings.home.mkdir(exist_ok=True)
    (tmp_path / "incidents").write_text("no folder")
    response, incident = begin(here)
    assert {item.kind for item in response.waiting(incident)} >= {"text"}
    found = here.store.load(incident)
    unsent = [gap for gap in found.gaps if gap.what.endswith("was not sent")]
    assert unsent
    assert all("cannot be written" in gap.why for gap in unsent)
    (tmp_path / "incidents").unlink()  # mended: what was open goes out with the next round
    decide(here, incident, Verdict.approved, "text")
    list(response.run(incident))
    after = here.store.load(incident)
    assert MessageState.sent in {message.state for message in after.communications}
    assert not [gap for gap in after.gaps if gap.what.endswith("was not sent")]


def test_messages_of_a_drill_lie_apart_and_say_so(tmp_path):
    here = room_over(tmp_path)
    here.drill = True
    _response, incident = begin(here)
    assert not (here.settings.files(incident) / "messages").exists()
    sent = sorted(here.outbox(incident).glob("*.txt"))
    assert sent
    assert all(path.read_text().startswith('---\ndrill: "an exercise') for path in sent)


def test_a_drill_that_is_resumed_stays_one(tmp_path, here):
    remember(here.settings, "INC-1", Sources(telemetry=tmp_path, drill=True))
    assert recall(here.settings, "INC-1") == Sources(telemetry=tmp_path.resolve(), drill=True)


def test_an_approval_takes_an_unambiguous_beginning_and_stores_the_whole(here):
    incident = kept(here.store, full())
    request = asked(here.store, incident)
    assert len(request.subject) == 64
    with pytest.raises(InputError, match="too little"):
        approve(here.store, incident.id, request.subject[:6], person())
    with pytest.raises(NotFound):
        approve(here.store, incident.id, "0" * 12, person())
    assert (
        approve(here.store, incident.id, request.subject[:12], person()).subject == request.subject
    )


def test_a_beginning_that_fits_two_is_refused(here):
    incident = kept(here.store, full())
    request = asked(here.store, incident)
    twin = request.subject[:12] + "f" * 52
    here.store.ledger.ask(type(request)(**{**vars(request), "subject": twin}))
    with pytest.raises(InputError, match="too little"):
        named(here.store, incident.id, request.subject[:12])
    assert named(here.store, incident.id, twin) == twin


def test_a_service_named_like_a_path_writes_inside_its_folder(tmp_path):
    bundle = write_shop(tmp_path / "bundle", HANGS)
    for path in bundle.rglob("*.json*"):
        path.write_text(path.read_text().replace('"payments"', '"../../../team/payments"'))
    here = context(tmp_path / "home", open_bundle(bundle))
    incident = full()
    incident.onset = incident.opened_at = at(0).fromtimestamp(START + 60, at(0).tzinfo)
    for execution in incident.executions:
        for measure in execution.measures:
            measure.service = "../../../team/payments"
    document = kept(here.store, incident)
    written = write_files(here, document.id)
    folder = here.settings.files(document.id)
    assert all(path.is_relative_to(folder) for path in written.files)
    assert not list(tmp_path.glob("team*"))
    assert Record(here.settings).files(document.id) == written.files[:0] + sorted(
        written.files, key=lambda file: (len(file.parts), file)
    )
    assert any("team-payments" in path.name for path in written.files)


def test_a_whole_response_ends_with_its_files_and_no_secret_in_them(tmp_path):
    here = room_over(tmp_path)
    response, incident = begin(here)
    finish(response, incident, Verdict.rejected)
    now = here.clock()
    note = Event(at=now, actor="x", kind=EventKind.verification, text=f"password={SECRET}")
    here.store.update(incident, lambda document: document.record(note))
    written = write_files(here, incident)
    assert written.gaps == []
    texts = {path.name: path.read_text() for path in written.files}
    assert "postmortem.md" in texts
    assert [name for name, words in texts.items() if SECRET in words] == []
