"""Steps down to what an endpoint can do, and up to what was asked: a reply that fits its schema.

Output: json_schema, json_object with the schema in the prompt, the prompt alone. Tools: native, or
calls written as JSON. A rung that has answered is remembered (endpoint.py); an answer that does not
fit gets one correction.
"""

from dataclasses import dataclass
from typing import Any

from ..errors import ModelError, ModelMuddled
from .endpoint import Habits, Wired, functions, native, plain
from .forms import ActionForm, Parsed, ReportForm, closed, compact
from .protocol import Answer, Ask
from .retrying import Retrying, Unsupported
from .stream import Raw
from .usage import Tally
from .wire import ChatRequest

SCHEMA, OBJECT, PROMPT = range(3)
"""The rungs of output, best first."""
QUOTED = 4000
"""Characters of a wrong answer that its correction shows."""


class Ladder:
    """One model at one endpoint."""

    def __init__(self, retrying: Retrying, habits: Habits) -> None:
        self.retrying = retrying
        self.habits = habits

    def ask(self, ask: Ask) -> Answer:
        """The answer; every error carries the usage so far. Raises ModelError."""
        climb = _Climb(self, ask, Tally())
        try:
            return climb.with_tools() if ask.tools else climb.output(ReportForm(ask))
        except ModelError as error:
            error.usage = climb.tally.used
            raise


@dataclass
class _Climb:
    """One ask on its way."""

    ladder: Ladder
    ask: Ask
    tally: Tally

    @property
    def habits(self) -> Habits:
        return self.ladder.habits

    def with_tools(self) -> Answer:
        """Native tools unless they are known to be useless here. Where the reply is wanted now they
        stay listed, so that a cached prompt stays one, unless the endpoint takes no such word."""
        if self.ask.last and self.habits.native and "tool_choice" in self.habits.refused:
            return self.output(ReportForm(self.ask))
        if self.habits.native is not False:
            try:
                return self._native()
            except Unsupported:
                self.tally.note("no native tools here: calls are asked for as JSON")
        answer = self.output(ActionForm(self.ask))
        self.habits.native = False
        return answer

    def _native(self) -> Answer:
        """A call, or the report at once; else the report is asked for without tools."""
        form = ReportForm(self.ask)
        hint = f"When you need no more tools: {form.instruction}"
        tools = functions(self.ask.tools)
        proven = self.habits.native is True
        raw = self._send(native(self.ask.messages, hint), proven, tools=tools)
        if raw.calls:
            self.habits.native = True
        if raw.calls and self.ask.last:
            return self._no_native_report(form, raw, ValueError("it called a tool once more"))
        try:
            parsed = Parsed(calls=tuple(w.call() for w in raw.calls)) if raw.calls else None
            parsed = parsed or form.parse(raw.text)
        except ValueError as error:
            return self._no_native_report(form, raw, error)
        if not parsed.calls and not self.ask.last:
            self.habits.no_call()
        return self._answer(raw, parsed)

    def _no_native_report(self, form: ReportForm, raw: Raw, error: ValueError) -> Answer:
        if raw.calls:
            self.tally.note(f"{error}: asked again without tools")
        elif self.habits.native is not True:
            raise Unsupported("tools were answered with prose")
        self.tally.note("its reply did not fit: asked again without tools")
        return self.output(form)

    def output(self, form: ReportForm) -> Answer:
        """The reply, from the highest rung that gives one."""
        known = self.habits.rungs.get(form.name)
        for rung in range(self.habits.start if known is None else known, PROMPT + 1):
            firm = rung in (known, PROMPT)
            try:
                answer = self._rung(form, rung, firm)
            except Unsupported:
                self.tally.note(f"stepped down from {('json_schema', 'json_object')[rung]}")
                continue
            self.habits.rungs[form.name] = rung
            return answer
        raise ModelMuddled("the model gave no reply that fits")  # the lowest rung is firm: not met

    def _rung(self, form: ReportForm, rung: int, firm: bool) -> Answer:
        messages = self._told(form, rung)
        raw = self._send(messages, firm, _format(form, rung))
        try:
            return self._answer(raw, form.parse(raw.text))
        except ValueError as error:
            # An endpoint that ignores the format is stepped over; one that tried is corrected.
            if not firm and raw.finish != "length" and not form.shaped(raw.text):
                raise Unsupported("the format was ignored") from error
            return self._corrected(form, rung, messages, raw, error)

    def _told(self, form: ReportForm, rung: int) -> list[Wired]:
        """A model that is held to a schema has read it, but nowhere its tools."""
        spoken = rung != SCHEMA or isinstance(form, ActionForm)
        return plain(self.ask.messages, form.instruction if spoken else "")

    def _corrected(
        self, form: ReportForm, rung: int, messages: list[Wired], raw: Raw, error: ValueError
    ) -> Answer:
        """One more try, with the fault named."""
        fault = "it was cut off: write less" if raw.finish == "length" else str(error)
        self.tally.note(f"corrected once: {fault}")
        wanted = f"That does not fit: {fault}. Answer again. {form.instruction}"
        said = {"role": "assistant", "content": raw.text[:QUOTED] or "(nothing)"}
        again = [*messages, said, {"role": "user", "content": wanted}]
        second = self._send(again, True, _format(form, rung))
        try:
            return self._answer(second, form.parse(second.text))
        except ValueError as still:
            raise ModelMuddled(f"the answer does not fit, also after a correction: {still}") from (
                still
            )

    def _send(
        self,
        messages: list[Wired],
        firm: bool,
        response_format: dict[str, Any] | None = None,
        tools: list[Wired] | None = None,
    ) -> Raw:
        request = ChatRequest(
            messages=messages,
            max_tokens=self.ask.max_tokens,
            deadline=self.ask.deadline,
            tools=tools or [],
            tool_choice="none" if self.ask.last else "auto",
            response_format=response_format,
            listen=self.ask.listen,
            tally=self.tally,
            allowance=self.ask.allowance,
        )
        return self.ladder.retrying.send(request, firm)

    def _answer(self, raw: Raw, parsed: Parsed) -> Answer:
        text = raw.text if parsed.reply is None else compact(parsed.reply.model_dump(mode="json"))
        return Answer(
            model=raw.model or self.ladder.retrying.wire.name,
            reply=parsed.reply,
            calls=parsed.calls,
            text=text,
            usage=self.tally.used,
            finish="tool_calls" if parsed.calls else raw.finish,
            note="; ".join(self.tally.notes),
        )


def _format(form: ReportForm, rung: int) -> dict[str, Any] | None:
    """The response_format of a rung."""
    if rung == SCHEMA:
        named = {"name": form.name, "schema": form.schema, "strict": closed(form.schema)}
        return {"type": "json_schema", "json_schema": named}
    # Beside json_object a schema is no standard, and yet what some servers hold a model to.
    return {"type": "json_object", "schema": form.schema} if rung == OBJECT else None
