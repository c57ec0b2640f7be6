"""The status page as a page of ours: for whom, and that it tells nothing else."""

from xml.etree import ElementTree

from warroom.app.configuration_file import Configuration
from warroom.incident.communication import Audience, Message, MessageState
from warroom.incident.timeline import utc_now
from warroom.tests.support.consoles import kept
from warroom.tests.support.incidents import running
from warroom.tests.support.services import asked


def told(served: str) -> Configuration:
    page = {"title": "Shop", "served": served}
    return Configuration.model_validate({"status_page": page})


def test_everybody_reads_a_public_one_and_only_what_was_approved(tmp_path):
    with asked(tmp_path / "home", configuration=told("public")) as service:
        document = running()
        sent = {"state": MessageState.sent, "sent_at": utc_now(), "created_at": utc_now()}
        more = {"id": "M9", "template": "t", "channels": ["status page"], **sent}
        text = Message(audience=Audience.status_page, subject="<b>Slow", body="So", **more)
        document.communications = [text]
        kept(service.service.store, document)
        page = service[""].get("/status/")
        assert page.status_code == 200 and "&lt;b&gt;Slow" in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert document.id not in page.text and "/incidents" not in page.text
        feed = service[""].get("/status/feed.atom")
        assert feed.headers["content-type"].startswith("application/atom+xml")
        assert ElementTree.fromstring(feed.content).tag.endswith("feed")


def test_an_internal_one_is_read_by_who_is_signed_in_and_none_by_nobody(tmp_path):
    with asked(tmp_path / "home", configuration=told("internal")) as service:
        assert service["observer"].get("/status/").status_code == 200
        sent = service[""].get("/status/", follow_redirects=False)
        assert sent.headers["location"].startswith("/sign-in")
    with asked(tmp_path / "other", configuration=told("")) as service:
        assert service["admin"].get("/status/").status_code == 404
