"""A target is one file: its section of operations.json is read, offered, acted on and undone."""

import json
from pathlib import Path

import pytest

from warroom.actions.catalogue import checked
from warroom.actions.services import Scale
from warroom.errors import ToolFailed, ToolRetry
from warroom.targets.operations import Operations
from warroom.tests.support.toy_platform import Size, ToyPlatform


def loaded(folder: Path, **sections: object) -> Operations:
    file = folder / "operations.json"
    file.write_text(json.dumps(sections))
    return Operations.load(file)


def test_its_section_is_enough_to_act(tmp_path: Path) -> None:
    system = loaded(tmp_path, toy={"running": {"web": 1}, "most": 4})
    assert isinstance(system.adapters[0], ToyPlatform)
    assert system.inventory().offered == [Scale.kind]
    action = checked("scale", "web", {"instances": 3}, system.inventory())
    receipt = system.perform(action)
    assert system.inventory().services["web"].instances == ["web-1", "web-2", "web-3"]
    system.undo(action, receipt.model_dump(mode="json"))
    assert system.inventory().services["web"].instances == ["web-1"]


def test_what_it_cannot_do_is_not_offered(tmp_path: Path) -> None:
    system = loaded(tmp_path, toy={"running": {"web": 1}, "most": 4})
    with pytest.raises(ToolRetry, match="restart is not offered here, only: scale"):
        checked("restart", "web", {}, system.inventory())


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"toy": {"running": {"web": 1}}}, "most"),
        ({"toys": {"running": {}, "most": 1}}, "toys"),
        ({}, "names nothing to act through"),
    ],
)
def test_a_section_that_fits_nobody_says_so(tmp_path: Path, sections, said: str) -> None:
    with pytest.raises(ToolFailed, match=said):
        loaded(tmp_path, **sections)


class Second(ToyPlatform):
    """The same again, under another section."""

    section = "second"

    @property
    def shut(self) -> str:
        return "second is in mode read" if "api" in self.size.running else ""


def test_of_several_the_one_that_knows_the_target_is_asked() -> None:
    first = ToyPlatform(Size(running={"web": 1}, most=4))
    second = Second(Size(running={"cart": 1}, most=4))
    system = Operations(first, second)
    system.perform(checked("scale", "cart", {"instances": 2}, system.inventory()))
    system.perform(checked("scale", "web", {"instances": 3}, system.inventory()))
    assert (first.size.running, second.size.running) == ({"web": 3}, {"cart": 2})
    second.size.running["api"] = 1
    with pytest.raises(ToolFailed, match="second is in mode read"):
        system.perform(checked("scale", "cart", {"instances": 1}, system.inventory()))
    assert second.size.running["cart"] == 2
