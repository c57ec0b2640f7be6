"""Masks for what must not leave: the same value has the same mask throughout an incident."""

import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from enum import Enum
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from . import named, rules
from .patterns import SecretSpan, forms
from .protocol import Answer, Ask, ChatMessage, Model, ToolCall, ToolSpec, Wrapped

MASK = re.compile(r"\[((?:SECRET|EMAIL|CARD|IBAN|ID|PHONE|PERSON|IP|PATH)_\d+)(?: [a-z ]+)?\]")
KEPT = ("SECRET", "CARD", "IBAN", "ID")
"""Kinds that no sentence needs: they stay masked in what people read."""
EVERY = (*KEPT, "EMAIL", "PHONE", "PERSON", "IP", "PATH")
ROUNDS = 4
"""A secret within a secret is rare, three of them are nobody's telemetry."""
HUNTED = 400
"""So many secrets known by their name are looked for wherever else they stand."""


class Mask:
    """One incident's masks: out goes [IP_1], back comes the address."""

    kinds = EVERY

    def __init__(self) -> None:
        self._masks: dict[tuple[str, str], str] = {}  # (kind, value) -> mask
        self._values: dict[str, str] = {}  # KIND_n -> value
        self._hunted: dict[str, str] = {}  # value -> mask
        self._numbers: Counter[str] = Counter()
        self._lock = threading.Lock()

    def learn(self, texts: Iterable[str]) -> None:
        """Note what is secret in these texts, so that it is masked where nothing gives it away."""
        for text in texts:
            self._found(text)

    def mask(self, text: str) -> str:
        """The text without secrets and personal data. Masking it again changes nothing: a mask
        may close a line that a name before it goes on to fill."""
        for _ in range(ROUNDS):
            before, text = text, self._once(text)
            if text == before:
                break
        return text

    def _once(self, text: str) -> str:
        parts, position = [], 0
        for start, end, mask in self._found(text):
            parts += [self._hunt(text[position:start]), mask]
            position = end
        return "".join([*parts, self._hunt(text[position:])])

    def unmask(self, text: str) -> str:
        """The text as it was."""
        for _ in range(ROUNDS):
            before, text = text, MASK.sub(self._value, text)
            if text == before:
                break
        return text

    def _value(self, match: re.Match[str]) -> str:
        return self._values.get(match.group(1), match.group())

    def reveal(self, text: str) -> str:
        """The text with people and addresses named, its secrets still masked: for what is read
        by people and sent."""
        return MASK.sub(
            lambda m: m.group() if m.group(1).startswith(KEPT) else self._value(m), text
        )

    def mask_value(self, value: Any, name: str = "") -> Any:
        """JSON masked through and through; `name` is the field that holds the value."""
        if isinstance(value, dict):
            return {self.mask(str(key)): self.mask_value(v, str(key)) for key, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.mask_value(item, name) for item in value]
        if isinstance(value, str):
            return self._field(value, name)
        if isinstance(value, int) and not isinstance(value, bool):
            masked = self.mask(str(value))
            return value if masked == str(value) else masked
        return value

    def _field(self, value: str, name: str) -> str:
        secret = named.is_secret(name)
        person = "PERSON" in self.kinds and named.is_person(name)
        if value.strip() and (secret or person) and named.is_value(value.strip()):
            span = SecretSpan(0, len(value), "SECRET" if secret else "PERSON", "", named=secret)
            return self._issue(span, value)
        return self.mask(value)

    def _found(self, text: str) -> list[tuple[int, int, str]]:
        """What must not leave: start, end and mask, in order, none overlapping."""
        look = _spans if len(text) > OFTEN_LONG else _spans_again
        found = look(text, tuple(self.kinds))
        return [(s.start, s.end, self._issue(s, text[s.start : s.end])) for s in found]

    def _issue(self, span: SecretSpan, value: str) -> str:
        """The value's mask."""
        with self._lock:
            known = self._mask_of(span, value)
            if span.named and len(self._hunted) < HUNTED and _telling(value):
                self._hunted[value] = known
            return known

    def _mask_of(self, span: SecretSpan, value: str) -> str:
        """A new one for a new value."""
        known = self._masks.get((span.kind, value))
        if known is None:
            self._numbers[span.kind] += 1
            name = f"{span.kind}_{self._numbers[span.kind]}"
            known = self._masks[span.kind, value] = written(name, span.label)
            self._values[name] = value
        return known

    def _hunt(self, text: str) -> str:
        """Secrets that were given away elsewhere, longest first."""
        for value in sorted(self._hunted, key=len, reverse=True):
            if value in text:
                whole = rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])"
                text = re.sub(whole, self._hunted[value], text)
        return text


def _spans(text: str, kinds: tuple[str, ...]) -> Sequence[SecretSpan]:
    """What of these kinds stands in a text, in order, none overlapping."""
    plain, at = normal(text)
    wanted = [form for form in forms() if form.kind in kinds]
    spans = [span for form in wanted for span in form.spans(plain)]
    spans += named.spans(plain)
    spans += [SecretSpan(start, end, "SECRET", label) for start, end, label in rules.spans(plain)]
    spans = [s for s in spans if s.kind in kinds]
    spans = [s for s in spans if not named.ONLY_MASKS.fullmatch(plain[s.start : s.end])]
    if at:
        spans = [replace(s, start=at[s.start], end=at[s.end - 1] + 1) for s in spans]
    return _merged(spans)


OFTEN_LONG = 1000
"""Texts of up to so many characters stand in document after document: they are looked at once."""
_spans_again = lru_cache(8192)(_spans)


def written(name: str, label: str) -> str:
    """A mask as it stands in a text."""
    return f"[{name} {label}]" if label else f"[{name}]"


def normal(text: str) -> tuple[str, list[int]]:
    """The text as its reader sees it: full-width letters as plain ones, nothing that has no width
    (Unicode's NFKC, without category Cf); and where each character stood, if that differs."""
    if text.isascii():
        return text, []
    parts = [
        (unicodedata.normalize("NFKC", c), index)
        for index, c in enumerate(text)
        if c.isascii() or unicodedata.category(c) != "Cf"
    ]
    plain = "".join(part for part, _ in parts)
    return plain, [index for part, index in parts for _ in part]


def _merged(spans: list[SecretSpan]) -> list[SecretSpan]:
    """Overlapping spans as one that covers them all, named after the strongest: nothing of
    either may leave."""
    order = {id(span): number for number, span in enumerate(spans)}
    merged: list[SecretSpan] = []
    for span in sorted(spans, key=lambda s: (s.start, order[id(s)])):
        if not merged or span.start >= merged[-1].end:
            merged.append(span)
            continue
        last = merged[-1]
        best = min(last, span, key=lambda s: order.get(id(s), 0))
        union = SecretSpan(last.start, max(last.end, span.end), best.kind, best.label, best.named)
        order[id(union)] = order.get(id(best), 0)
        merged[-1] = union
    return merged


def _telling(value: str) -> bool:
    """Whether a value is so peculiar that it may be masked wherever it stands: letters and
    digits in one, or signs that no name has. A host's name or a version is not."""
    if len(value) < 6 or re.search(r"\s", value):
        return False
    mixed = value.isalnum() and not value.isalpha() and not value.isdigit()
    return mixed or re.search(r"[!#$%^*+=?~@]", value) is not None


# A model that is never told a secret: what leaves is masked here, what comes back is put right.
#
# It stands outside of everything that sends, so there is no second way out.


class Masked(Wrapped):
    """Wraps a model; `mask_for` gives the masks of an incident by its id."""

    def __init__(self, model: Model, mask_for: Callable[[str], Mask]) -> None:
        super().__init__(model)
        self.mask_for = mask_for

    def ask(self, ask: Ask) -> Answer:
        """Ask with masks; the reply and the arguments of calls come back with what they mean.

        Text for the conversation and text that is streamed stay masked. Secrets return only as
        values cited from evidence, where they have to be found again: no sentence needs them.
        """
        mask = self.mask_for(ask.incident)
        mask.learn(text for message in ask.messages for text in _texts(message))
        messages = tuple(_masked(message, mask) for message in ask.messages)
        tools = tuple(_described(tool, mask) for tool in ask.tools)
        answer = self.model.ask(replace(ask, messages=messages, tools=tools))
        reply = answer.reply and restored(answer.reply, mask)
        return replace(answer, reply=reply, calls=tuple(_called(c, mask) for c in answer.calls))


def _texts(message: ChatMessage) -> list[str]:
    return [message.content, *(repr(call.arguments) for call in message.calls)]


def _masked(message: ChatMessage, mask: Mask) -> ChatMessage:
    calls = tuple(replace(c, arguments=mask.mask_value(c.arguments)) for c in message.calls)
    return replace(message, content=mask.mask(message.content), calls=calls)


def _described(tool: ToolSpec, mask: Mask) -> ToolSpec:
    parameters = mask.mask_value(tool.parameters)
    return replace(tool, description=mask.mask(tool.description), parameters=parameters)


def _called(call: ToolCall, mask: Mask) -> ToolCall:
    """Arguments with addresses and people; secrets stay masked, as arguments are on record."""
    return replace(call, arguments=_walk(call.arguments, mask.reveal))


def restored(reply: BaseModel, mask: Mask) -> BaseModel:
    """The reply with what its masks stand for. It was checked already: what is put back may be
    longer than a model may write."""
    cites = {"evidence", "value"} <= type(reply).model_fields.keys()
    changed = {}
    for name in type(reply).model_fields:
        put_back = mask.unmask if cites and name == "value" else mask.reveal
        changed[name] = _walk(getattr(reply, name), put_back, mask)
    return reply.model_copy(update=changed)


def _walk(value: Any, put_back: Callable[[str], str], mask: Mask | None = None) -> Any:
    """The value with every text in it put back."""
    if isinstance(value, BaseModel) and mask:
        return restored(value, mask)
    if isinstance(value, dict):
        return {key: _walk(item, put_back, mask) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_walk(item, put_back, mask) for item in value)
    return put_back(value) if isinstance(value, str) and not isinstance(value, Enum) else value
