"""Values that only their name gives away: password=…, "api_key": "…", Cookie: …, <token>…"""

import re
from collections.abc import Iterator

from .patterns import SecretSpan

SECRET_NAME = (
    r"pass(?:word|wd|phrase)|pwd|secret|token|api[_.-]?key|(?:access|secret|private|signing|encryption"
    r"|account|auth)[_.-]?key(?:[_.-]?id)?|authorization|credentials?|(?:set-)?cookie|j?session[_.-]?id"
    r"|phpsessid|密码|口令|密钥|令牌"
)
PERSON_NAME = r"(?:full|first|last|customer|cardholder|billing|recipient)[_. -]?name"
IS_SECRET = re.compile(rf"(?i)(?:{SECRET_NAME})$")
IS_PERSON = re.compile(rf"(?i)(?:^|[_. -]){PERSON_NAME}$")
FIELD = re.compile(
    rf"(?i)(?:(?P<secret>{SECRET_NAME})|(?<![A-Za-z]){PERSON_NAME})"
    r"(?:\\{0,7}[\"'])?(?P<sep>[ \t]{0,3}(?:=>|:=|=(?!=)|:(?!:|//)|\uff1a)[ \t]{0,3}|>)"
    r"(?P<quote>\\{0,7}[\"'])?"
)
OPTION = re.compile(
    rf"(?i)(?<!\S)--?(?:[a-z-]{{0,20}}-)?(?:{SECRET_NAME})[ ](?P<quote>[\"'])?(?!-)"
)
SCHEME = re.compile(r"(?i)(?:bearer|basic|token|digest|negotiate|apikey)[ ]+")
MASKED = r"\[[A-Z]+_\d+(?: [a-z ]+)?\]"
BARE = re.compile(rf"(?:{MASKED}|[^\s\"'`,;&<>\\\uff0c\uff1b\u3002])+")
LINE = re.compile(rf"(?:{MASKED}|[^\r\n\"'<>\\])+")
MASKS = re.compile(MASKED)
ONLY_MASKS = re.compile(rf"(?:{MASKED}[ ;,]*)*")
EMPTY = re.compile(
    r"(?i)|[*x•.#-]+|null|none|nil|true|false|yes|no|undefined|str|string|bytes|int|bool|any|object"
    r"|optional.*|secretstr.*|expired|invalid|missing|required|wrong|incorrect|empty|unset|failed"
    r"|redacted|masked|hidden|removed|filtered|not|is|was|the|an?|and|or|of|for|in|must|cannot"
    r"|%s|%\(.*|\?|\$\d+|:\w+|\$\{.*|\{\{?.*|<.*|os\.\w.*|env\..*|process\.env.*|settings\..*|self\..*"
    r"|config\..*|request\..*|已过期|无效|错误|不正确"
)
PLAIN = re.compile(r"[A-Za-z]{0,15}|[0-9]{1,7}(?:\.[0-9]+)?")
"""A single word or small number: after a token's name it is rather prose or a count."""
LIMIT = 4096


def is_secret(name: str) -> bool:
    """Whether a field of this name holds a secret."""
    return IS_SECRET.search(name) is not None


def is_person(name: str) -> bool:
    """Whether a field of this name holds a person's name."""
    return IS_PERSON.search(name) is not None


def is_value(text: str) -> bool:
    """Whether it is a value at all: no placeholder, no type, no mask."""
    left = MASKS.sub("", text)
    return not EMPTY.fullmatch(text) and any(character.isalnum() for character in left)


def spans(text: str) -> Iterator[SecretSpan]:
    """Every value in a text that stands behind a name of a secret or person."""
    for expression in (FIELD, OPTION):
        position = 0
        while match := expression.search(text, position):
            found = _value(text, match, expression is OPTION)
            position = match.end()
            if found:
                yield found
                position = max(position, found.end)


def _value(text: str, match: re.Match[str], option: bool) -> SecretSpan | None:
    name = "password" if option else (match.group("secret") or "").lower()
    quote = match.group("quote")
    start = match.end()
    if name == "authorization" and (scheme := SCHEME.match(text, start)):
        start = scheme.end()
    end = _quoted(text, start, quote) if quote else _bare(text, start, name)
    value = text[start:end]
    if not is_value(value.strip()) or (not quote and not option and _prose(name, value, match)):
        return None
    kind = "SECRET" if name else "PERSON"
    return SecretSpan(start, end, kind, _label(name), named=bool(name))


def _label(name: str) -> str:
    if not name:
        return ""
    words = {"pass": "password", "pwd": "password", "密码": "password", "口令": "password"}
    known = next((label for start, label in words.items() if name.startswith(start)), "")
    return known or (re.sub(r"[^a-z]+", " ", name).strip() or "secret")


def _prose(name: str, value: str, match: re.Match[str]) -> bool:
    """Whether unquoted text after a name is rather a sentence, a count or code."""
    if match.group("sep") == ">":
        return not match.string[max(0, match.start() - 40) : match.start() + 1].count("<")
    weak = name in (
        "token",
        "credential",
        "credentials",
        "authorization",
        "cookie",
        "set-cookie",
        "",
    )
    return weak and PLAIN.fullmatch(value.strip()) is not None


def _quoted(text: str, start: int, quote: str) -> int:
    """Where the same quote, escaped as often, closes; else the end of the line."""
    last = min(len(text), start + LIMIT)
    at = text.find(quote, start, last)
    while at > start and text[at - 1] == "\\":
        at = text.find(quote, at + len(quote), last)
    if at >= 0:
        return at
    line = text.find("\n", start, last)
    return line if line >= 0 else last


def _bare(text: str, start: int, name: str) -> int:
    """Where an unquoted value ends; a cookie has several parts and fills the line."""
    match = (LINE if "cookie" in name else BARE).match(text, start, start + LIMIT)
    return _closed(match) if match else start


def _closed(match: re.Match[str]) -> int:
    """The end without brackets and stops that belong to the sentence or code around it, but with
    the whole of a mask."""
    kept = max((mask.end() for mask in MASKS.finditer(match.group())), default=0)
    return match.start() + max(kept, len(match.group().rstrip(")]}.: ")))
