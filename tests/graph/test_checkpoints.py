"""Checkpoints hold data: what a stranger plants in them is never run."""

import stat

import ormsgpack
import pytest
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from warroom.errors import StoreError
from warroom.record.checkpoints import OwnTypes
from warroom.response import Response
from warroom.state import IncidentState
from warroom.tests.support.consoles import context


def planted(marker) -> tuple[str, bytes]:
    """A message that has os.mkdir called when a permissive reader opens it (ext 0: call)."""
    call = ormsgpack.packb(("os", "mkdir", str(marker)))
    return "msgpack", ormsgpack.packb(ormsgpack.Ext(0, call))


def test_a_planted_checkpoint_runs_nothing(tmp_path):
    JsonPlusSerializer(allowed_msgpack_modules=True).loads_typed(planted(tmp_path / "permissive"))
    assert (tmp_path / "permissive").is_dir()  # the attack is a real one
    OwnTypes().loads_typed(planted(tmp_path / "strict"))
    assert not (tmp_path / "strict").exists()


@pytest.mark.parametrize("form", ["json", "pickle"])
def test_forms_that_we_never_write_are_refused(form):
    with pytest.raises(StoreError, match=f"holds {form}"):
        OwnTypes().loads_typed((form, b"{}"))


def test_our_own_states_are_read():
    state = IncidentState(incident_id="INC-1")
    assert OwnTypes().loads_typed(OwnTypes().dumps_typed(state)) == state


def test_checkpoints_are_private_and_broken_ones_are_said(tmp_path):
    here = context(tmp_path / "home")
    with Response(here):
        assert stat.S_IMODE(here.settings.checkpoints.stat().st_mode) == 0o600
    here.settings.checkpoints.write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match="goes on"):
        Response(here)
