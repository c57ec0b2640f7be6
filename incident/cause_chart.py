"""Why it happened, as people draw it: a fault tree, a fishbone and a chain of whys. Each is nodes
below one top; what ends a branch rests on evidence, or is marked as assumed or as open."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from ..errors import InputError

MOST, DEEPEST = 150, 5
"""Nodes of all drawings together; levels below a top."""


class Drawing(StrEnum):
    """Which of the three."""

    tree = "fault tree"
    bones = "fishbone"
    whys = "five whys"


class Stands(StrEnum):
    """What an end of a branch rests on."""

    shown = "shown"  # evidence
    assumed = "assumption"  # nothing that was measured
    open = "open"  # it was not seen, or nobody knows


class CauseNode(BaseModel):
    """One box: a cause of what stands above it."""

    id: str = Field(description="N1, N2, …; the same in every version")
    drawing: Drawing = Field(description="where it stands")
    parent: str = Field(default="", description="the node that it is a cause of; empty: the top")
    text: str = Field(description="the cause, one sentence")
    every: bool = Field(default=False, description="it takes all that stands below: an AND gate")
    share: float | None = Field(default=None, description="probability among competing causes")
    evidence: list[str] = Field(default_factory=list, description="evidence ids it rests on")
    stands: Stands = Field(default=Stands.shown, description="what it rests on, if it is an end")
    by: str = Field(default="", description="the person who changed it last; empty: code made it")


@dataclass(frozen=True)
class Placed:
    """A node where it stands in its drawing: 1.2 is the second cause of the top."""

    number: str
    node: CauseNode
    ends: bool  # nothing stands below it

    @property
    def gate(self) -> str:
        """How what stands below brings it about; empty outside of a fault tree."""
        gates = not self.ends and self.node.drawing is Drawing.tree
        return ("all of" if self.node.every else "any of") if gates else ""

    @property
    def stands(self) -> Stands:
        """What it rests on; what stands above others rests on those, but for an answer to a why."""
        rests = self.ends or self.node.drawing is Drawing.whys
        return self.node.stands if rests else Stands.shown

    @property
    def mark(self) -> str:
        """What has to be said of it besides its text; empty: nothing."""
        share = "" if self.node.share is None else f"{self.node.share:.0%}"
        weak = "" if self.stands is Stands.shown else self.stands.value
        return ", ".join(filter(None, (share, weak, self.node.by and f"by {self.node.by}")))


def placed(
    nodes: Sequence[CauseNode], drawing: Drawing, parent: str = "", number: str = ""
) -> list[Placed]:
    """The nodes of a drawing as they are read: each before what stands below it."""
    found, below = list[Placed](), [n for n in nodes if (n.drawing, n.parent) == (drawing, parent)]
    for place, node in enumerate(below, 1):
        inside = placed(nodes, drawing, node.id, f"{number}{place}.")
        found += [Placed(f"{number}{place}", node, not inside), *inside]
    return found


Listed = Annotated[
    list[str], BeforeValidator(lambda v: v.replace(",", " ").split() if isinstance(v, str) else v)
]


class CauseEdit(BaseModel):
    """What a person does to one node. Evidence is only ever added: a claim keeps its proof."""

    base: int = Field(ge=0, le=10**6, description="the version that was read")
    act: Literal["add", "change", "remove"] = Field(description="add: below the node")
    node: str = Field(pattern=r"^N\d{1,6}$", description="its id", examples=["N3"])
    text: str = Field(default="", max_length=300, description="empty: as it was")
    evidence: Listed = Field(default_factory=list, max_length=20, description="ids to add")
    assumed: bool = Field(default=False, description="mark it as an assumption")
    every: bool | None = Field(default=None, description="AND gate, OR gate; None: as it was")


def edited(
    nodes: Sequence[CauseNode], edit: CauseEdit, by: str, known: Collection[str]
) -> list[CauseNode]:
    """The nodes after it; `known`: the incident's evidence ids. Raises InputError."""
    places = {each.node.id: each for drawing in Drawing for each in placed(nodes, drawing)}
    if edit.node not in places:
        raise InputError(f"there is no {edit.node} any more: load the page again")
    if lacking := [name for name in edit.evidence if name not in known]:
        raise InputError(f"no evidence {', '.join(lacking)}: the incident's page names what it has")
    old, number = places[edit.node].node, places[edit.node].number
    if edit.act == "remove":
        if not old.parent:
            raise InputError("the top stays: change its text, or remove what stands below it")
        inside = [each.node for each in placed(nodes, old.drawing, old.id)]
        return [node for node in nodes if node is not old and node not in inside]
    if edit.act == "add":
        if not edit.text or len(nodes) >= MOST or number.count(".") >= DEEPEST:
            raise InputError(f"say what it is; {MOST} boxes and {DEEPEST} levels are the most")
        name = f"N{max(int(node.id[1:]) for node in nodes) + 1}"
        new = CauseNode(id=name, drawing=old.drawing, parent=old.id, text=edit.text)
        return [*nodes, _with(new, edit, by)]
    return [_with(old, edit, by) if node is old else node for node in nodes]


def _with(node: CauseNode, edit: CauseEdit, by: str) -> CauseNode:
    proof = list(dict.fromkeys([*node.evidence, *edit.evidence]))
    stands = Stands.assumed if edit.assumed or not proof else Stands.shown
    every = node.every if edit.every is None else edit.every
    new = {"text": edit.text or node.text, "evidence": proof, "stands": stands}
    return node.model_copy(update={**new, "every": every, "by": by})
