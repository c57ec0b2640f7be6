"""Why it happened as three drawings, read off the record: what had to come together (fault tree),
what contributed from which side (fishbone), why and why that (five whys)."""

from collections.abc import Iterable, Iterator
from functools import cache

from ...analysis.fault_tree import CutSets, Gate, minimal_cut_sets
from ...faults import fault_of
from ...incident.cause_chart import CauseNode, Drawing, Placed, Stands, placed
from ...incident.evidence import Evidence
from ...incident.finding import Argument, Hypothesis
from ...incident.report import InvestigationReport, Sentence
from ...prompts.render import render
from ...prompts.values import Trusted, count, hurt
from ...yaml_tables import Entry, Regex, read_table
from ..follow_ups.action_items import fill, lesson
from .incident_status import is_noise
from .narrator import Narrator, proof
from .retrospective import could_improve
from .story import LIKELY
from .wording import brief

SHOWN, SIDE = 4, 5
"""Causes in a tree; facts on a bone."""
Fact = tuple[str, Iterable[str], Stands | None]


class Bone(Entry):
    """A side that causes come from."""

    name: str
    words: Regex
    shows: tuple[str, ...] = ()
    looked: str


class ChartTable(Entry):
    """cause_charts.yaml, which says what each is for."""

    conditions: dict[str, tuple[str, ...]]
    together: dict[str, tuple[str, ...]]
    bones: tuple[Bone, ...]


@cache
def table() -> ChartTable:
    """The words of cause_charts.yaml."""
    return read_table("agents/reporting/cause_charts.yaml", ChartTable)


def cause_charts(say: Narrator) -> list[CauseNode]:
    """The nodes of all three, in its words; none where there is nothing to explain."""
    pen = _Pen(say)
    if not is_noise(say.document):
        pen.tree()
        pen.bones()
        pen.whys()
    return pen.nodes


class _Pen:
    def __init__(self, say: Narrator) -> None:
        self.say, self.document, self.nodes = say, say.document, list[CauseNode]()
        by_tool = {tool: name for name, tools in table().conditions.items() for tool in tools}
        self.shows = {e.id: by_tool.get(e.tool, "") for e in say.document.evidence}
        self.report = say.document.report(InvestigationReport)

    def draw(self, drawing: Drawing, above: str, fact: Fact, **more: bool | float) -> str:
        """A node, an assumption where no evidence is there for it; its id."""
        text, evidence, stands = fact
        found = [ref for ref in self.say.cite(evidence) if ref in self.shows]
        name, said = f"N{len(self.nodes) + 1}", self.say.clean(text[:1].upper() + text[1:])
        values = {"id": name, "drawing": drawing, "parent": above, "text": brief(said)}
        values |= {"stands": stands or (Stands.shown if found else Stands.assumed)}
        self.nodes.append(CauseNode.model_validate(values | {"evidence": found} | more))
        return name

    def tree(self) -> None:
        """What hurts; any of the competing causes; all that each of them takes."""
        alert, impact = self.document.alert, self.document.impact
        measured = impact is not None and impact.requests > 0
        text = f"users are hurt: {hurt(impact) if measured else alert.summary or alert.name}"
        hurts = text, proof(impact.quotes) if impact else (), None
        top = self.draw(Drawing.tree, "", hurts)
        standing = [h for h in self.document.hypotheses if not h.ruled_out]
        rivals = [h for h in standing if h.confidence >= LIKELY][:SHOWN]
        for cause in rivals:
            told = (cause.statement, (), None)
            name = self.draw(Drawing.tree, top, told, share=cause.confidence, every=True)
            for fact in [*self._together(cause), *_missing(cause)]:
                self.draw(Drawing.tree, name, fact)
        if (rest := 1 - sum(cause.confidence for cause in rivals)) >= LIKELY:
            self.draw(Drawing.tree, top, ("A cause that nobody named", (), Stands.open), share=rest)

    def _together(self, cause: Hypothesis) -> Iterator[Fact]:
        """The conditions of a cause that the record shows; where it shows none, its best reason."""
        wanted = table().together.get(cause.kind) or table().together["any other"]
        named = [a for a in cause.support if a.quotes and self._shown(a) in wanted]
        firsts = {self._shown(argument): argument for argument in reversed(named)}
        found = sorted(firsts.values(), key=lambda a: wanted.index(self._shown(a)))
        for argument in found or [a for a in cause.support if a.quotes][:1]:
            yield argument.text, proof(argument.quotes), None
        impact = self.document.impact
        if impact and impact.requests:
            way = f" on {', '.join(cause.explains)}" if cause.explains else ""
            text = f"requests meet it: {count(impact.requests)} at the edge{way}"
            yield text, proof(impact.quotes), None

    def _shown(self, argument: Argument) -> str:
        return self.shows.get(argument.quotes[0].evidence, "")

    def bones(self) -> None:
        """Facts of the record by side; an empty side says what was looked for."""
        top = self.draw(Drawing.bones, "", (self.nodes[0].text, self.nodes[0].evidence, None))
        facts = [(self._side(fact), fact) for fact in self._facts()]
        for bone in table().bones:
            head = self.draw(Drawing.bones, top, (bone.name, (), None))
            none = "Nothing found" if self.document.untouched else "Warroom itself found nothing"
            nothing = f"{none}; looked for: {bone.looked}", (), Stands.open
            own = [fact for name, fact in facts if name == bone.name]
            for fact in own[:SIDE] or [nothing]:
                self.draw(Drawing.bones, head, fact)

    def _facts(self) -> Iterator[Fact]:
        cause = self.document.leading()
        for argument in cause.support if cause else ():
            if argument.quotes and self._shown(argument):
                yield argument.text, proof(argument.quotes), None
        for factor in self.report.contributing if self.report else ():
            yield factor.text, factor.evidence, None
        for said in could_improve(self.say):
            yield said.text, said.refs, Stands.open if said.refs[0][0] in "GD" else Stands.shown
        yield from _missing(cause) if cause else ()

    def _side(self, fact: Fact) -> str:
        shown = {self.shows.get(ref, "") for ref in fact[1]}
        worded = (bone.name for bone in table().bones if bone.words.search(fact[0]))
        told = (bone.name for bone in table().bones if shown & set(bone.shows))
        return next(worded, next(told, "Process"))

    def whys(self) -> None:
        """Down from the alert to where the record ends, which is said."""
        cause, name = self.document.leading(), ""
        guess = [missing for missing, *_rest in (_missing(cause) if cause else ())]
        proven = proof(q for f in self.document.findings if f.kind == "condition" for q in f.quotes)
        alert = Sentence(text=f"Why did {self.document.alert.name} fire?")
        for why in (self.report and self.report.five_whys) or [alert]:
            assumed = any(text in why.text for text in guess)
            stands = Stands.assumed if assumed else None if name else Stands.shown  # by the alert
            evidence = () if assumed else why.evidence or (() if name else proven)
            name = self.draw(Drawing.whys, name, (why.text, evidence, stands))
        asked = fill(lesson(self.document).question, self.document)
        self.draw(Drawing.whys, name, (f"The record ends here. To ask: {asked}?", (), Stands.open))


def _missing(cause: Hypothesis) -> Iterator[Fact]:
    """The safeguard that a fault of this kind gets past: of the kind, not of the record."""
    if (text := fault_of(cause.kind).systemic) != fault_of("").systemic:
        yield text, (), Stands.assumed


PROOFS = 2
"""Pieces of evidence that are told of one answer."""
UNPROVEN = "nothing that was measured"


def believed(nodes: Iterable[CauseNode], evidence: Iterable[Evidence]) -> dict[str, str]:
    """By the id of each answer to a why, why it is believed: what its evidence says, and nothing
    else. None for where the record ends."""
    says = {e.id: e.status.told(e.summary) for e in evidence if e.summary}
    whys = [n for n in nodes if n.drawing is Drawing.whys and n.stands is not Stands.open]
    found = {n.id: [says[ref] for ref in n.evidence if ref in says][:PROOFS] for n in whys}
    alone = {n.id: UNPROVEN if n.parent else "the alert" for n in whys}  # that it fired
    return {name: "; ".join(told) or alone[name] for name, told in found.items()}


def as_tables(nodes: list[CauseNode], evidence: Iterable[Evidence]) -> Trusted:
    """The drawings as pictures and tables in Markdown, with the cut sets."""
    drawings = {drawing: placed(nodes, drawing) for drawing in Drawing}
    sets, whole = cut_sets(nodes)
    values = {"drawings": drawings, "sets": sets, "whole": whole}
    values["believed"] = believed(nodes, evidence)
    return Trusted(render("why.md", **values) if nodes else "")


def cut_sets(nodes: list[CauseNode]) -> tuple[list[list[Placed]], bool]:
    """Minimal cut sets of the fault tree, computed; the same words are the same event. False: the
    tree is too large for all of them."""
    tree = placed(nodes, Drawing.tree)
    ends = {each.node.text: each for each in reversed(tree) if each.ends}
    names = {each.node.id: each.node.text if each.ends else each.node.id for each in tree}
    gates = {each.node.id: Gate(each.node.every, ()) for each in tree if not each.ends}
    for node in (each.node for each in tree if each.node.parent):
        every, inputs = gates[node.parent]
        gates[node.parent] = Gate(every, (*inputs, names[node.id]))
    found = minimal_cut_sets(names[tree[0].node.id], gates) if tree else CutSets([], True)
    sets = (sorted((ends[event] for event in s), key=lambda end: end.number) for s in found.sets)
    return sorted(sets, key=lambda each: [end.number for end in each]), found.whole
