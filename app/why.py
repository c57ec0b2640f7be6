"""Why an incident happened, drawn, and as people correct it: each edit is a version of its own,
audited; cut sets are computed anew, and what code drew stays as version 0."""

from pydantic import BaseModel, TypeAdapter

from ..agents.reporting.cause_charts import cause_charts, cut_sets
from ..agents.reporting.narrator import Narrator
from ..errors import InputError
from ..incident.cause_chart import CauseEdit, CauseNode, edited
from ..incident.document import Incident
from ..incident.identity import Identity
from ..record.postmortems import CHARTS, Postmortems
from ..record.store import Store
from ..text_safety.blame_language import blame_marks
from ..text_safety.lines import one_line
from .record import masked_content

NODES = TypeAdapter(list[CauseNode])


class Why(BaseModel):
    """One version of the drawings. `history`: who made each version, and what they did;
    `cut_sets`: nodes that are enough together; `whole`: there are no more of them."""

    version: int
    history: list[str]
    nodes: list[CauseNode]
    cut_sets: list[list[str]]
    whole: bool


def why(store: Store, document: Incident, number: int | None = None) -> Why:
    """The newest version, or this one; before somebody edited it, as the document, which has no
    secrets any more, has it now."""
    kept = Postmortems(store.engine).versions(document.id, CHARTS)
    history, last = [f"{each.made_by}: {each.note}" for each in kept], max(len(kept) - 1, 0)
    chosen = last if number is None else min(number, last)
    drawn = NODES.validate_json(kept[chosen].markdown) if kept else cause_charts(Narrator(document))
    sets, whole = cut_sets(drawn)
    ids = [[each.node.id for each in found] for found in sets]
    return Why(version=chosen, history=history, nodes=drawn, cut_sets=ids, whole=whole)


def edit_why(store: Store, document: Incident, edit: CauseEdit, by: Identity) -> Why:
    """Keep the drawings with this edit as the next version. Raises NotFound, InputError also for
    words that judge somebody, Overwritten where somebody saved meanwhile."""
    found, say = why(store, document).nodes, Narrator(document)
    for mark in blame_marks(edit.text, say.systems, say.people):
        raise InputError(f"“{mark.word}” judges or names a person: {mark.suggestion}")
    clean = edit.model_copy(update={"text": masked_content(one_line(edit.text))})
    nodes = edited(found, clean, by.name, {e.id for e in document.evidence})
    first, text = (NODES.dump_json(each).decode() for each in (found, nodes))
    note = f"{clean.act} {clean.node} {clean.text}"[:200]
    Postmortems(store.engine).save(document.id, edit.base, first, text, note, by, CHARTS)
    return why(store, document)
