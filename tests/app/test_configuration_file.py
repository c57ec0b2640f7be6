"""warroom.yaml: read as its schema says; what is wrong is named with its line and its cure."""

import json
import os

import pytest

from warroom.actions.policy import Policy
from warroom.app.configuration import Sources, settings
from warroom.app.configuration_file import (
    NAMED,
    Configuration,
    Server,
    read_configuration,
    use_configuration,
)
from warroom.app.opening import open_context
from warroom.app.schemas import SCHEMAS, schema
from warroom.errors import InputError, TableError
from warroom.settings import Settings

OPEN = "{name: am, type: alertmanager, unauthenticated: true}"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes warroom.yaml and names it."""

    def written(text: str) -> Configuration:
        file = tmp_path / "warroom.yaml"
        file.write_text(text)
        monkeypatch.setenv(NAMED, str(file))
        return read_configuration()

    return written


def test_without_a_file_the_defaults_hold(monkeypatch):
    monkeypatch.delenv(NAMED, raising=False)
    assert read_configuration().server.listen == "127.0.0.1:8844"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "server:\n", "server: {}\n"])
def test_an_empty_file_or_section_sets_nothing(write, text):
    assert write(text) == Configuration()


def test_values_are_read_as_the_schema_says(write):
    found = write("server: {listen: '[::1]:80', external_url: https://w.example.org/}\n").server
    assert (found.host, found.port) == ("::1", 80)
    assert found.external_url == "https://w.example.org/"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("server:\n  lisen: x\n", "warroom.yaml:2: server.lisen: there is no such key here"),
        ("sever: {}\n", "warroom.yaml:1: sever: there is no such key here: write one of server"),
        ("datasorces: []\n", "(nearest: datasources)"),
        ("server:\n\n  listen: 8844\n", "warroom.yaml:3: server.listen: write host:port"),
        ("server:\n  listen: a:99999\n", "warroom.yaml:2: server.listen: write host:port"),
        ("server:\n  external_url: 'javascript:x'\n", "warroom.yaml:2: server.external_url"),
        ("server:\n  tls: {cert_file: a}\n", "warroom.yaml:2: server.tls: it lacks `key_file`"),
        ("server:\n  proxy: [router]\n", "warroom.yaml:2: server.proxy.0: write the proxy's"),
        ("server: {listen: a:1, listen: b:2}\n", "warroom.yaml:1: listen stands here twice"),
        ("server: [\n", "warroom.yaml:2: not YAML"),
        (f"receivers: [{OPEN}, {OPEN}]\n", "warroom.yaml:1: receivers: two are called am"),
        ("receivers:\n- name: am\n  type: sentri\n", "warroom.yaml:3: receivers.0.type: "),
        ("policy:\n  freeze: [Friday]\n", "warroom.yaml:2: policy.freeze.0: 'Friday' is no freeze"),
        ("server:\n  database: $NOT_THERE\n", "warroom.yaml:2: $NOT_THERE is not set"),
        ("server:\n  database: $__file{gone}\n", "warroom.yaml:2: "),
    ],
)
def test_what_is_wrong_is_named_with_its_line(write, text, said):
    with pytest.raises(TableError) as error:
        write(text)
    assert said in str(error.value)


def test_variables_and_files_expand_in_values(write, tmp_path, monkeypatch):
    monkeypatch.setenv("DB_USER", "ann")
    (tmp_path / "password").write_text("pa$$word$DB_USER\n")
    text = "server: {database: 'postgresql://${DB_USER}:$__file{password}@db/w$$1'}\n"
    assert write(text).server.database == "postgresql://ann:pa$$word$DB_USER@db/w$1"


def test_a_value_behind_an_alias_expands_once(write, monkeypatch):
    monkeypatch.setenv("URL", "sqlite:///$URL")
    text = "server: {database: &a $URL, external_url: ''}\n"
    assert write(text).server.database == "sqlite:///$URL"


def test_paths_are_seen_from_the_files_folder(write, tmp_path):
    receiver = "{name: am, type: alertmanager, authorization: {credentials_file: am.secret}}"
    (tmp_path / "am.secret").write_text("s")
    (found,) = write(f"receivers: [{receiver}]\nlabels: {{service: [app]}}\n").receivers
    assert found.authorization
    assert found.authorization.credentials_file == tmp_path / "am.secret"
    labels = read_configuration().labels
    assert labels
    assert labels.model_dump(exclude_unset=True) == {"service": ("app",)}


def test_the_database_of_the_file_is_every_commands_database(write, tmp_path, monkeypatch):
    monkeypatch.setenv("WARROOM_HOME", str(tmp_path / "home"))
    write("server: {database: 'sqlite:////elsewhere/w.db'}\n")
    assert settings().database == "sqlite:////elsewhere/w.db"
    monkeypatch.setenv("WARROOM_DATABASE_URL", "sqlite:////here/w.db")
    assert settings().database == "sqlite:////here/w.db"


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(InputError, match="is no file"):
        use_configuration(tmp_path / "gone.yaml")
    assert os.environ.get(NAMED) != str(tmp_path / "gone.yaml")


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "[::1]:1", "localhost:1", "127.8.8.8:1"])
def test_loopback_may_be_plain(listen):
    found = Server(listen=listen)
    found.check_bind()
    assert found.url.startswith("http://")


@pytest.mark.parametrize("listen", ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "example.org:1"])
def test_elsewhere_needs_tls_or_a_proxy_that_does_it(listen):
    with pytest.raises(InputError, match=r"server\.tls.*server\.proxy"):
        Server(listen=listen).check_bind()
    Server(listen=listen, proxy=["10.0.0.5"]).check_bind()
    pair = {"cert_file": "c.pem", "key_file": "k.pem"}
    Server.model_validate({"listen": listen, "tls": pair}).check_bind()


def test_the_schema_describes_every_key():
    text = json.dumps(schema(SCHEMAS["configuration"]))
    for name in Server.model_fields:
        assert f'"{name}"' in text


def test_the_policy_of_the_file_holds_but_in_a_drill(write, tmp_path):
    policy = write("policy: {approve: {P0: 2}, dry_run: true}\n").policy
    assert policy.dry_run
    configured = Settings(home=tmp_path / "home")
    assert open_context(configured).policy == policy
    assert open_context(configured, Sources(drill=True)).policy == Policy()
