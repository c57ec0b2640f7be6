"""The settings as a page: for administrators, without secrets, and a test of each channel."""

from sqlalchemy import select

from warroom.app.configuration_file import parse_configuration
from warroom.record.tables import AUDIT
from warroom.tests.support.mail_server import mail_server
from warroom.tests.support.services import asked

FILE = """
server: {{database: "postgresql://warroom:hunter22@db/warroom"}}
notifications:
  mail: {{host: 127.0.0.1, port: {port}, tls: none, sender: warroom@example.org}}
  channels:
    - {{name: mail, to: [ann@example.org], carries: email}}
    - {{name: gone, url_file: nowhere, carries: chat}}
"""


def test_an_administrator_sees_what_is_set_and_tries_each_channel(tmp_path, monkeypatch):
    with mail_server() as box:
        named = tmp_path / "warroom.yaml"
        named.write_text(FILE.format(port=box.port))
        monkeypatch.setenv("WARROOM_CONFIG", str(named))
        configuration = parse_configuration(named.read_text(), named)
        with asked(tmp_path / "home", configuration=configuration) as service:
            assert service["commander"].get("/settings").status_code == 403
            page = service["admin"].get("/settings").text
            assert str(named) in page and "mail, gone" in page and "hunter22" not in page
            send = service["admin"].post
            assert (
                "A test went out by mail." in send("/settings/test", data={"channel": "mail"}).text
            )
            assert "this is a test" in box.letters[0].as_string().lower()
            failed = send("/settings/test", data={"channel": "gone"})
            assert failed.status_code == 422 and "write the secret there" in failed.text
            query = select(AUDIT.c.actor, AUDIT.c.detail).where(AUDIT.c.act == "test channel")
            with service.service.engine.begin() as connection:
                found = connection.execute(query.order_by(AUDIT.c.number)).all()
            assert ['"arrived":true' in row.detail for row in found] == [True, False]
            assert all("admin" in row.actor for row in found)
