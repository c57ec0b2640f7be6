"""Messages go out once, and outside the house only when approved."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from warroom.errors import ApprovalRequired, ToolFailed
from warroom.incident.action import Decision, Verdict
from warroom.incident.communication import Audience, Message
from warroom.tools.notify import send

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def message(audience: Audience = Audience.engineering, body: str = "Checkout fails.") -> Message:
    return Message(
        id="M1",
        template="update",
        audience=audience,
        channels=["chat", "Status page"],
        subject="Orders fail: 结账",
        body=body,
        created_at=NOW,
    )


def approval(subject: str, verdict: Verdict = Verdict.approved) -> Decision:
    return Decision(subject=subject, verdict=verdict, by="commander", at=NOW)


def test_one_file_per_channel(tmp_path: Path) -> None:
    rows = send(tmp_path / "outbox", message())
    assert [(row["channel"], row["sent"]) for row in rows] == [
        ("chat", True),
        ("Status page", True),
    ]
    assert sorted(path.name for path in (tmp_path / "outbox").iterdir()) == [
        f"{message().hash}-chat.txt",
        f"{message().hash}-status-page.txt",
    ]
    text = Path(rows[0]["file"]).read_text(encoding="utf-8")
    assert text.endswith("\n---\n\nCheckout fails.\n")
    assert 'audience: "engineering"' in text


def test_a_subject_in_the_alerts_words_is_no_markup(tmp_path: Path) -> None:
    sent = message()
    sent.subject = "<img src=x> ![i](http://example.com/x.png)"
    (row,) = send(tmp_path, sent)[:1]
    heading = Path(str(row["file"])).read_text(encoding="utf-8").split("\n---\n")[1]
    assert "<img" not in heading
    assert "![i]" not in heading


def test_same_text_is_sent_once(tmp_path: Path) -> None:
    send(tmp_path, message())
    assert [row["sent"] for row in send(tmp_path, message())] == [False, False]
    assert [row["sent"] for row in send(tmp_path, message(body="It works."))] == [True, True]


def test_two_senders_at_once_send_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        rows = [
            row for done in pool.map(lambda _: send(tmp_path, message()), "abcd") for row in done
        ]
    assert sum(row["sent"] for row in rows) == 2
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("audience", [Audience.status_page, Audience.customers])
def test_external_text_needs_its_own_approval(tmp_path: Path, audience: Audience) -> None:
    text = message(audience)
    for wrong in (None, approval("else"), approval(text.hash, Verdict.rejected)):
        with pytest.raises(ApprovalRequired, match=text.hash[:12]):
            send(tmp_path, text, wrong)
    assert list(tmp_path.iterdir()) == []
    assert all(row["sent"] for row in send(tmp_path, text, approval(text.hash)))


def test_outbox_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ToolFailed, match="outbox"):
        send(tmp_path / "file", message())
