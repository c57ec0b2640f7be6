"""A FAKE model for tests: it says what a script says and understands nothing."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from pydantic import BaseModel

from ...errors import ModelMuddled
from ...models.protocol import Answer, Ask, ToolCall, Usage

Line = Answer | Exception | BaseModel | ToolCall | tuple[ToolCall, ...]
Script = Iterable[Line] | Callable[[Ask], Line]


class ScriptedModel:
    """A FAKE for tests: answers from a list, one line an ask, or from a function of the ask.

    A line is a reply, a call or several, a whole Answer, or an error to raise. What was asked is
    kept in `asked`. It raises ModelMuddled when the list is used up.
    """

    def __init__(self, script: Script, name: str = "scripted (fake)") -> None:
        self.name = name
        self.asked: list[Ask] = []
        self._next = script if callable(script) else _reader(script)

    def ask(self, ask: Ask) -> Answer:
        """The next line."""
        self.asked.append(ask)
        line = self._next(ask)
        if isinstance(line, Exception):
            raise line
        answer = self._answer(line)
        ask.listen(answer.text)
        return answer

    def _answer(self, line: Answer | BaseModel | ToolCall | tuple[ToolCall, ...]) -> Answer:
        if isinstance(line, Answer):
            return replace(line, model=line.model or self.name)
        usage = Usage(input=100, output=20)
        if isinstance(line, BaseModel):
            return Answer(self.name, reply=line, text=line.model_dump_json(), usage=usage)
        calls = line if isinstance(line, tuple) else (line,)
        return Answer(self.name, calls=calls, usage=usage)


def _reader(script: Iterable[Line]) -> Callable[[Ask], Line]:
    lines = iter(script)
    return lambda _ask: next(lines, ModelMuddled("the script of this fake has no more lines"))
