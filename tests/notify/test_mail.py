"""Mail against a real server: what it takes, what it refuses, an hour in which it is away."""

from pathlib import Path

import pytest

from warroom.errors import ToolFailed
from warroom.notify.configuration import Mail
from warroom.notify.mail import check, send, written
from warroom.tests.support.mail_server import Mailbox, free_port, mail_server
from warroom.tests.support.messages import message


def server(box: Mailbox, **more: object) -> Mail:
    told = {"host": "127.0.0.1", "port": box.port, "tls": "none", "sender": "warroom@example.org"}
    return Mail.model_validate({**told, **more})


def test_it_arrives_as_text_and_html_once_by_its_id():
    with mail_server() as box:
        for _ in range(2):
            send(server(box), ["ann@example.org", "ben@example.org"], message(), "INC-1:abc:mail")
    first, second = box.letters
    assert box.takers[0] == ["ann@example.org", "ben@example.org"]
    assert first["Message-ID"] == second["Message-ID"] and first["Auto-Submitted"]
    text, page = (first.get_body((kind,)) for kind in ("plain", "html"))
    assert text and page
    said = text.get_content()
    assert "Orders fail since 14:02." in said and "- cause: pricing.py" in said
    assert "*" not in said and "`" not in said
    assert '<a href="https://w.example.org/a?b=1&amp;c=2">' in page.get_content()


@pytest.mark.parametrize("line", ["\r\nBcc: all@example.org", "\nX-Evil: 1", "\r\n\r\n<script>"])
def test_a_title_adds_no_header_and_no_markup(line: str):
    body = (
        f"<img src=http://evil.example/x>\n\n![x](http://evil.example/y) <script>{line}</script>\n"
    )
    with mail_server() as box:
        send(server(box), ["ann@example.org"], message(f"orders{line}", body), "k")
    [letter] = box.letters
    assert letter["Bcc"] is None and letter["X-Evil"] is None
    assert box.takers == [["ann@example.org"]]
    page = letter.get_body(("html",))
    assert page and "<img" not in page.get_content() and "<script" not in page.get_content()


@pytest.mark.parametrize("to", ["ann@example.org\nBcc: b@c.d", "a@b.c, d@e.f", "ann", ""])
def test_what_is_no_address_is_said(to: str):
    with pytest.raises(ToolFailed, match="no mail can be addressed"):
        written(server(Mailbox(1)), [to], message(), "k")


@pytest.mark.parametrize("says", ["451 try again", "552 mailbox full", "554 no"])
def test_what_the_server_refuses_is_told_in_its_words(says: str):
    with mail_server() as box:
        box.says = says
        with pytest.raises(ToolFailed, match=f"refused: {says}"):
            send(server(box), ["ann@example.org"], message(), "k")
        box.says, box.unknown = "250 OK", {"gone@example.org"}
        with pytest.raises(ToolFailed, match=r"no mail for gone@example\.org: 550"):
            send(server(box), ["gone@example.org"], message(), "k")
        send(server(box), ["gone@example.org", "ann@example.org"], message(), "k")
    assert box.takers == [["ann@example.org"]]


def test_it_signs_in_with_the_password_of_a_file(tmp_path: Path):
    file = tmp_path / "password"
    with mail_server(password="right") as box:
        known = server(box, username="warroom", password_file=file)
        for text, wrong in (("wrong", "does not accept our login"), ("right", "")):
            file.write_text(text)
            if wrong:
                with pytest.raises(ToolFailed, match=wrong):
                    check(known)
            else:
                send(known, ["ann@example.org"], message(), "k")
    assert len(box.letters) == 1


def test_one_that_is_away_or_speaks_no_tls_is_named():
    with pytest.raises(ToolFailed, match="cannot be reached"):
        check(server(Mailbox(free_port())))
    with mail_server() as box, pytest.raises(ToolFailed, match="STARTTLS"):
        check(server(box, tls="starttls"))


def test_a_password_never_crosses_a_network_in_the_clear(tmp_path: Path):
    far = {"host": "mail.example.org", "username": "w", "password_file": tmp_path / "p"}
    with pytest.raises(ValueError, match="in the clear"):
        server(Mailbox(25), **far)
