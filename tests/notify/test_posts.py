"""Trackers and status pages over real HTTP, a status file under a real git: made once, updated."""

import json
import subprocess
from pathlib import Path

import pytest

from warroom.errors import ToolFailed
from warroom.incident.communication import Audience, Message
from warroom.notify.channels import Channels
from warroom.notify.configuration import Notifications
from warroom.tests.support.hooks import Hook, hook
from warroom.tests.support.messages import message


class Kept(dict[str, str]):
    def get(self, name: str, _default: object = None) -> str:
        return super().get(name, "")

    def put(self, name: str, remote: str) -> None:
        self[name] = remote


def channels(tmp_path: Path, there: Hook, post: str, carries: str = "ticket") -> Channels:
    secret = tmp_path / "token"
    secret.write_text("t0ken")
    one = {
        "name": "x",
        "post": post,
        "url": there.url,
        "place": "shop/orders",
        "carries": [carries],
    }
    one["authorization"] = {"type": "OAuth", "credentials_file": secret}
    return Channels(Notifications.model_validate({"channels": [one]}), memory=Kept())


def status(subject: str) -> Message:
    told = {"audience": Audience.status_page, "channels": ["status page"]}
    return message(subject, "Orders *fail*\\.\n", **told)


@pytest.mark.parametrize(
    ("post", "answer", "shape"),
    [
        ("github", {"number": 7}, lambda body: (body["title"], body["labels"])),
        ("gitlab", {"iid": 7}, lambda body: (body["title"], [body["labels"]])),
        ("jira", {"key": 7}, lambda body: (body["fields"]["summary"], body["fields"]["labels"])),
    ],
)
def test_a_ticket_is_made_once(tmp_path: Path, post: str, answer: dict, shape):
    with hook() as there:
        out = channels(tmp_path, there, post)
        there.answers = [{"issues": []} if post == "jira" else [], answer]
        title = 'Say "no" to {{ 7 * 7 }} (INC-1)'
        for _ in range(2):
            out.send("x", message(title), "page:INC-1:ticket abc:x")
        assert len(there.bodies) == 2 and "warroom" in there.paths[0]
        assert shape(json.loads(there.bodies[1])) == (title, ["warroom"])
        assert there.headers[1]["authorization"] == "OAuth t0ken"
        assert out.memory.get("x INC-1:ticket abc:x") == "7"


def test_one_whose_answer_was_lost_is_found_by_its_title(tmp_path: Path):
    with hook() as there:
        out = channels(tmp_path, there, "github")
        there.answers = [[{"title": "other", "number": 1}, {"title": "ours", "number": 2}]]
        out.send("x", message("ours"), "INC-1:k")
        assert len(there.bodies) == 1 and out.memory.get("x INC-1:k") == "2"


@pytest.mark.parametrize("post", ["statuspage", "instatus"])
def test_a_status_page_is_made_then_updated_then_resolved(tmp_path: Path, post: str):
    with hook() as there:
        out = channels(tmp_path, there, post, "status page")
        there.answers = [[], {"id": "r/1"}, {}, {}]
        out.send("x", status("Service disruption: checkout"), "INC-1:send:a:x")
        out.send("x", status("Update"), "INC-1:send:b:x")
        out.send("x", status("Resolved"), "INC-1:send:c:x", over=True)
    _found, made, updated, over = (body.decode() for body in there.bodies)
    assert "Orders fail." in made and "investigating" in made.lower()
    assert there.paths[2].endswith(("incidents/r%2F1", "incidents/r%2F1/incident-updates"))
    assert "investigating" in updated.lower() and "resolved" in over.lower()
    assert there.methods[2] == ("PATCH" if post == "statuspage" else "POST")


def test_what_refuses_or_sends_elsewhere_is_named_and_nothing_is_kept(tmp_path: Path):
    with hook() as there, hook() as other:
        out = channels(tmp_path, there, "github")
        for status_code, location in ((403, ""), (302, other.url)):
            there.status, there.location = status_code, location
            with pytest.raises(ToolFailed, match=f"x answers {status_code}") as error:
                out.send("x", message(), "INC-1:k")
            assert "t0ken" not in str(error.value)
        assert other.bodies == [] and out.memory.get("x INC-1:k") == ""


def test_a_status_file_is_committed_once_a_text(tmp_path: Path):
    site = tmp_path / "site"
    site.mkdir()
    git = ["git", "-C", str(site)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    for key, value in (("user.name", "w"), ("user.email", "w@example.org")):
        subprocess.run([*git, "config", key, value], check=True)
    one = {"name": "x", "post": "git", "place": str(site / "status.md"), "carries": ["status page"]}
    out = Channels(Notifications.model_validate({"channels": [one]}))
    for subject in ("Down", "Down", "Resolved"):
        out.send("x", status(subject), f"INC-1:send:{subject}:x")
    text = (site / "status.md").read_text()
    assert text.index("## Resolved") < text.index("## Down") and text.count("## Down") == 1
    log = subprocess.run([*git, "log", "--format=%s"], check=True, capture_output=True, text=True)
    assert log.stdout.split() == ["Resolved", "Down"]


def test_texts_for_the_public_alone_reach_a_status_page():
    one = {"name": "x", "post": "git", "place": "a.md", "carries": ["status page"]}
    with pytest.raises(ValueError, match="takes texts for that alone"):
        Notifications.model_validate({"channels": [{**one, "audiences": ["engineering"]}]})
