"""The status page as files: what stands there, what never does, and that its feed is XML."""

from datetime import timedelta
from xml.etree import ElementTree

import pytest

from warroom.app.configuration import Sources, remember
from warroom.app.status_page import as_page, status, write
from warroom.errors import InputError
from warroom.incident.communication import Audience, Message, MessageState
from warroom.incident.timeline import utc_now
from warroom.record.store import Store
from warroom.settings import Settings
from warroom.telemetry.model import Catalogue, Service
from warroom.tests.support.consoles import kept
from warroom.tests.support.incidents import running

CATALOGUE = Catalogue(
    services=[Service(name="checkout", public_name="Ordering"), Service(name="ledger")]
)
NASTY = "<script>alert(1)</script> \x0b"


def text(number: int, state: MessageState, audience=Audience.status_page) -> Message:
    return Message(
        id=f"M{number}",
        template="status_page.en.md",
        audience=audience,
        channels=["status page"],
        subject=f"Subject {number} {NASTY}",
        body=f"Body {number} {NASTY}",
        state=state,
        created_at=utc_now(),
        sent_at=utc_now() + timedelta(seconds=number) if state is MessageState.sent else None,
    )


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home")


@pytest.fixture
def store(settings, place):
    settings.home.mkdir()
    return Store.open(place)


def hurting(store, *texts: Message):
    document = running()
    document.services[0].public_name = "Ordering"
    document.communications = list(texts)
    return kept(store, document)


def test_only_what_was_approved_and_sent_stands_there(settings, store, tmp_path):
    sent = text(1, MessageState.sent)
    inside = text(2, MessageState.sent, Audience.engineering)
    hurting(store, sent, inside, text(3, MessageState.awaiting_approval))
    found = status(settings, store, CATALOGUE, utc_now() + timedelta(seconds=9))
    page, feed = (file.read_text() for file in write(found, tmp_path / "out"))
    assert "Subject 1" in page and "Subject 2" not in page and "Subject 3" not in page
    assert "Ordering</th><td>◆ disturbed" in page
    assert "ledger" not in page and "checkout" not in page and "INC-" not in page
    assert "<script" not in page
    entries = ElementTree.fromstring(feed).findall("{http://www.w3.org/2005/Atom}entry")
    assert [entry.findtext("{http://www.w3.org/2005/Atom}id") for entry in entries] == [
        f"urn:sha256:{sent.hash}"
    ]
    assert (tmp_path / "out" / "index.html").stat().st_mode & 0o777 == 0o644


def test_nothing_is_told_of_an_incident_before_a_text_was_sent_nor_of_exercises(settings, store):
    page = as_page(status(settings, store, CATALOGUE, utc_now()), "Shop")
    assert "No disturbance is known to us" in page and "Ordering</th><td>✓ no dist" in page
    document = hurting(store, text(1, MessageState.approved))
    page = as_page(status(settings, store, CATALOGUE, utc_now()), "Shop")
    since = f"{document.began.at:%H:%M} UTC"
    assert f"{since}." in page and f"Ordering</th><td>last confirmed at {since}" in page
    assert "No disturbance" not in page and "✓" not in page and "Subject" not in page
    sent = text(2, MessageState.sent)
    store.update(document.id, lambda d: d.communications.append(sent))
    remember(settings, document.id, Sources(drill=True))
    found = status(settings, store, CATALOGUE, utc_now() + timedelta(seconds=9))
    assert not found.stories


def test_a_folder_that_cannot_be_written_is_said(settings, store, tmp_path):
    (tmp_path / "file").write_text("")
    found = status(settings, store, CATALOGUE, utc_now())
    with pytest.raises(InputError, match="name a folder that can be written"):
        write(found, tmp_path / "file")
