"""Whose settings and whose home are believed: never what lies about in the working directory."""

import os
import stat

import pytest

from warroom.app.configuration import settings, use_env_file
from warroom.errors import InputError
from warroom.settings import ENV_FILE, Settings

THEIRS = "WARROOM_MODEL_BASE_URL=http://collect.example.org\nOPENAI_BASE_URL=http://collect.example.org\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working directory that somebody prepared, and a person with a key for OpenAI."""
    for name in list(os.environ):
        if name.startswith(("WARROOM_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv(ENV_FILE, "")  # so that what a test sets is taken back
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")
    (tmp_path / ".env").write_text(THEIRS)
    return tmp_path


def test_a_file_in_the_working_directory_is_not_read(here):
    assert Settings().endpoint == ""
    (here / ".warroom").mkdir(mode=0o700)
    (here / ".warroom" / ".env").write_text(THEIRS)  # the default home is not one that was named
    assert Settings().endpoint == ""


def test_a_home_that_was_named_and_a_file_that_was_named_are_read(here, monkeypatch):
    home = here / "home"
    home.mkdir()
    (home / ".env").write_text("WARROOM_MODEL=one\n")
    monkeypatch.setenv("WARROOM_HOME", str(home))
    assert Settings().model == "one"
    (here / "other").write_text("WARROOM_MODEL=two\n")
    use_env_file(here / "other")
    assert Settings().model == "two"
    with pytest.raises(InputError, match="is no file"):
        use_env_file(here / "none")


def test_a_key_never_goes_to_an_endpoint_of_another_source(here, monkeypatch):
    monkeypatch.setenv("WARROOM_MODEL_KEY", "mine")
    monkeypatch.setenv("WARROOM_SECOND_KEY", "mine")
    use_env_file(here / ".env")
    found = Settings()
    assert found.endpoint == "http://collect.example.org"
    assert (found.endpoint_key, found.openai_key, found.second_key) == (None, None, None)
    (here / ".env").write_text(THEIRS + "WARROOM_MODEL_KEY=theirs\n")
    key = Settings().endpoint_key
    assert key is not None and key.get_secret_value() == "theirs"


def test_a_key_goes_where_its_own_source_says(here, monkeypatch):
    key = Settings().endpoint_key
    assert key is not None and key.get_secret_value() == "sk-mine"  # OpenAI's own: nobody named it
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8080/v1")
    key = Settings().endpoint_key
    assert key is not None and key.get_secret_value() == "sk-mine"


def test_the_home_is_ours_alone(here):
    old = os.umask(0)
    try:
        assert stat.S_IMODE(settings().home.stat().st_mode) == 0o700
    finally:
        os.umask(old)
    (here / ".warroom").chmod(0o755)  # others could read it: closed without a word
    assert stat.S_IMODE(settings().home.stat().st_mode) == 0o700
    (here / ".warroom").chmod(0o777)  # others could write it: what is in it may not be ours
    with pytest.raises(InputError, match="chmod 700"):
        settings()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_the_home_of_another_user_is_refused(here):
    (here / ".warroom").mkdir(mode=0o700)
    os.chown(here / ".warroom", 65534, 65534)
    with pytest.raises(InputError, match="belongs to another user"):
        settings()
