# ruff: noqa: RUF001 (Chinese punctuation)
"""An incident as people are told it, section by section, each sentence with what it rests on:
incident.md and the postmortem are made of these, in English or Chinese. Sentences stand in
prompts/parts, or in lessons.yaml; what the record has in English stands in Chinese as a quotation.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

from ...incident.action import Outcome
from ...incident.finding import Argument, Hypothesis
from ...incident.report import InvestigationReport
from ...incident.timeline import Event, EventKind
from ...prompts.render import sentences
from ...prompts.spoken import hour
from ..follow_ups.action_items import fill, lesson
from . import retrospective, story
from .briefing import Move, brief, measured, moves
from .impact import affected_data, journeys
from .incident_status import ended, first_rated, is_noise, likely_cause, solution
from .narrator import KeyEvent, Narrator, Statement, proof
from .wording import brief as clauses
from .wording import exact, prose, sentence

REASONS, OTHERS = 4, 2
CURED = " ended it, as measured"
"""How a reason ends that the actions tell."""
ASIDE = (EventKind.message, EventKind.hypothesis, EventKind.fallback)
"""Kinds of lines that matter to nobody later, where nothing cites them."""
_PLAN, _LEADS = re.compile(r", plan [0-9a-f]{6,}"), re.compile(r"\bH\d+ leads with (\d+%)")
_COLON = re.compile(r"^[^:“]*(?::(?! )[^:“]*)*: ")
"""What stands before a colon that is not in a quotation."""
_RERATED = re.compile(r"(severity )(?:set|raised|lowered|confirmed) ")
Claims = Iterator[Statement]


class Account:
    """The sections; `say` words them and knows the language."""

    def __init__(self, say: Narrator) -> None:
        self.say, self.document, self.chinese = say, say.document, say.language == "zh"

    @cached_property
    def values(self) -> dict[str, Any]:
        """What a part may use: the briefing as of the day on which it began, and more."""
        document, found = self.document, journeys(self.document)
        briefing = brief(document, ended(document) or document.began.at)
        failed = briefing.impact.failed_requests if briefing.impact else 0
        late = (document.fired - document.began.at).total_seconds()
        return vars(briefing) | {
            "now": document.began.at,
            "alert": document.alert.name,
            "journeys": found,
            "place": next((one for one in found if one["failed"] * 2 > failed > 0), None),
            "late": late if document.began.known else None,
        }

    def part(self, name: str, refs: Iterable[str], **more: Any) -> Claims:
        """The sentences of a part, which rest on the same."""
        cited = list(refs)
        for line in sentences(f"parts/{name}.{self.say.language}.md", **self.values | more):
            yield self.say.write(line, *cited)

    def recorded(self, claims: Iterable[Statement], before: str = "", for_: str = "") -> Claims:
        """Claims as the record words them; in Chinese after what they are, `for_` the English."""
        for claim in claims:
            text = self.quoted(claim.text.removeprefix(for_) if self.chinese else claim.text)
            yield replace(claim, text=f"{before}{text}。" if self.chinese else text)

    def quoted(self, text: str) -> str:
        """Words of the record for a reader; in Chinese as a quotation."""
        said = prose(text)
        inner = said.replace("“", "‘").replace("”", "’").rstrip(".")
        return f"“{inner}”" if self.chinese else said

    # The sections, in the order in which they are read.

    def summary(self) -> Claims:
        """What happened, why, and what ended it: three sentences."""
        seen = [state.evidence for state in self.document.slo if state.evidence]
        if is_noise(self.document):
            yield from self.part("happened", seen)
            return
        impact, solved = self.document.impact, solution(self.document)
        lines = (self.say.line(EventKind.telemetry), self.say.line(EventKind.severity))
        yield from self.part("happened", [*(proof(impact.quotes) if impact else seen), *lines])
        if called := self.values["called_over"]:
            yield from self.part("called_over", [self.say.line(EventKind.state, called.state)])
        cause = self.document.leading()
        yield from self.part("cause", [*_quoted(cause), *story.looked(self.say)])
        yield from self._by_hand()
        yield from self.part("cured", solved.proof if solved else story.verified(self.document))

    def impact(self) -> Claims:
        """Requests, journeys, objectives, revenue, data, accounts."""
        counted = self.document.impact
        quotes = proof(counted.quotes) if counted else []
        yield from self.part("count", quotes)
        yield from self.part("harm", [*quotes, self.say.tool("traffic_impact")])
        yield from self.part("missed", [s.evidence for s in self.document.slo if s.breached])
        yield from self.recorded(affected_data(self.say))

    def causes(self) -> Claims:
        """What is behind it in detail, what shows it and what does not, what contributed."""
        cause = likely_cause(self.document)
        told = cause.statement if cause else ""
        if cause and (rest := _COLON.sub("", told, count=1)) != told:
            yield from self.recorded([self.say.say(sentence(rest), *_quoted(cause))], "详情：")
        if cause:
            yield from self._reasons(cause, told)
        else:
            yield from self.recorded(story.known(self.say), "已知：", "Known: ")
        yield from self.recorded(story.contributing(self.say), "促成因素：", "Contributing: ")
        yield from self.recorded(story.others(self.say, cause), "也考虑过：", "Also considered: ")

    def _reasons(self, cause: Hypothesis, told: str) -> Claims:
        new = [a for a in cause.support if _core(a.text) not in told and not a.text.endswith(CURED)]
        for argument in new[:REASONS]:
            yield self._reason(argument, cause, "")
        for argument in cause.contradiction[:OTHERS]:
            yield self._reason(argument, cause, "反证：" if self.chinese else "Against it: ")

    def _reason(self, argument: Argument, cause: Hypothesis, before: str) -> Statement:
        refs = proof(argument.quotes) or _quoted(cause)
        if self.chinese:
            tools = [e.tool for e in self.document.evidence if e.id in refs]
            shown = [s for tool in tools if (s := retrospective.table().shows.get(tool))]
            if shown and not before:
                return self.say.say(f"{shown[0]}。", *refs)
        return next(self.recorded([self.say.say(sentence(before + argument.text), *refs)]))

    def trigger(self) -> Statement:
        """The change that set it off, where one is blamed; the silence is told too."""
        return next(self.recorded([story.trigger(self.say)]))

    def detection(self) -> Claims:
        """How it was noticed, how late, and what it was rated by."""
        first = first_rated(self.document)
        line, level = self.say.line(EventKind.alert), self.say.line(EventKind.severity)
        rule = prose(first.rule) if first and not is_noise(self.document) else ""
        rated = first.severity.value if first else ""
        yield from self.part("noticed", [line, level], rule=rule, rated=rated)
        for event in self.document.timeline:
            if event.kind is EventKind.severity and (changed := _RERATED.match(event.text)):
                at = hour(event.at, self.document.began.at)
                text = sentence(f"at {at} it was {prose(event.text.removeprefix(changed[1]))}")
                ref = self.say.line(EventKind.severity, self.say.clean(event.text))
                yield from self.recorded([self.say.say(text, ref)], "级别变更：")

    def resolution(self) -> Claims:
        """All that was tried or asked for, in order, with what was measured."""
        over = ended(self.document) is not None
        done = sorted(moves(self.document, over), key=lambda move: move.at)
        for move in done:
            yield from self._move(move)
        yield from self._by_hand()
        if not self.document.executions and not self.document.by_hand:
            line = self.say.line(EventKind.person) or self.say.line(EventKind.decision)
            ours = "系统未作任何改动。" if self.document.untouched else "响应流程未作任何改动。"
            yield self.say.say(ours if self.chinese else story.nothing(self.document), line)

    def _by_hand(self) -> Claims:
        for act in self.document.by_hand:
            line = self.say.line(EventKind.action, self.say.clean(act.told))
            yield from self.part("by_hand", [line], by_hand=[act])

    def _move(self, move: Move) -> Claims:
        done = self.document.execution(move.plan.hash)
        refs = done.proof if done else proof(move.plan.quotes)
        yield from self.part("moves", refs, moves=[move])
        if done and done.outcome is not Outcome.started:
            yield from self.part("measured", refs, measures=measured(done))

    def recovery(self) -> Claims:
        """How it came back, held to its objectives."""
        yield from (replace(c, text=prose(c.text)) for c in retrospective.recovered(self.say))

    def lessons(self) -> dict[str, list[Statement]]:
        """What went well, what could be better, where we were lucky."""
        found = {
            "well": retrospective.went_well(self.say),
            "wrong": retrospective.could_improve(self.say),
            "lucky": retrospective.lucky(self.say),
        }
        return {n: [replace(c, text=prose(c.text)) for c in claims] for n, claims in found.items()}

    def open(self) -> Claims:
        """What the record does not answer."""
        if is_noise(self.document):
            return
        asked, leading = (
            fill(lesson(self.document).question, self.document),
            self.document.leading(),
        )
        report = self.document.report(InvestigationReport)
        looked = report.searched[:2] if report else []
        missing = leading.missing[:OTHERS] if leading else []
        for before, text in (("To find out", asked), *(("Not available", m) for m in missing)):
            found = self.say.say(f"{before}: {text}.", *looked)
            yield from self.recorded([found], "待查：", f"{before}: ")

    def rows(self, cited: Iterable[str]) -> list[KeyEvent]:
        """Lines of the timeline: what mattered, and what is cited."""
        known = {"T1", *cited}
        rows = [row for row in self.say.rows if row.id in known or not _aside(row)]
        return [replace(row, event=_told(row.event)) for row in rows]


def _told(event: Event) -> Event:
    text = _PLAN.sub("", exact(event.text))
    return event.model_copy(update={"text": _LEADS.sub(r"the leading cause, \1", text)})


def _aside(row: KeyEvent) -> bool:
    return row.event.kind in ASIDE or row.event.text.startswith(
        ("approved: text", "rejected: text")
    )


def _quoted(cause: Hypothesis | None) -> list[str]:
    reasons = [*cause.support, *cause.contradiction] if cause else []
    return proof(quote for argument in reasons for quote in argument.quotes)


def _core(text: str) -> str:
    """By which a reason is known to be in a statement already."""
    return clauses(text).partition(" (")[0]
