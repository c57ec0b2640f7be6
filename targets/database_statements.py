"""SQL that makes a fact of a database what it shall be: names are quoted, never interpolated.

A definition (of a policy, an index, a function) goes in as it was written down. It is run as one
statement, and what comes of it is compared before it counts (`database_state`).
"""

import re
from collections.abc import Callable, Iterator

from psycopg.sql import SQL, Composed, Identifier, Literal

from ..actions.facts import FactKind
from ..errors import ToolFailed

WORD = r'(?:"(?:[^"]|"")+"|[A-Za-z_][\w$]*)'
GRANT = re.compile(
    rf"(SELECT|INSERT|UPDATE|DELETE|TRUNCATE|REFERENCES|TRIGGER|MAINTAIN|USAGE|CREATE|CONNECT"
    rf"|TEMPORARY) on (table|sequence|schema|database) ({WORD}(?:\.{WORD})?)(?: \(({WORD})\))?"
    rf" to ({WORD})"
)
MEMBER = re.compile(rf"membership in ({WORD}) to ({WORD})")
PLACED = re.compile(rf"({WORD}) on (({WORD})\.{WORD})")
ROW_SECURITY = re.compile(rf"row security on ({WORD}\.{WORD})")
SETTING = re.compile(rf"([\w.]+)(?: of role ({WORD}))?(?: of database ({WORD}))?")
ROLE_OPTION = re.compile(rf"(connection limit|login) of (role|database) ({WORD})")
LISTS = ("search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries")


def statements(what: FactKind, name: str, now: str, to: str) -> Iterator[Composed]:
    """What lets a fact that is `now` be `to`. Raises ToolFailed for what is put back by hand."""
    for known, pattern, make in FORMS:
        if known is what and (match := pattern.fullmatch(name)):
            yield from make(match, now, to)
            return
    raise ToolFailed(f"{what.value} {name} has to be put back by hand")


def begun_with(what: FactKind, name: str) -> tuple[str, str] | None:
    """Role and database ("" for any) whose sessions keep a setting that they began with; None for
    facts that every session sees at once."""
    match = SETTING.fullmatch(name)
    if what is not FactKind.setting or match is None or ROLE_OPTION.fullmatch(name):
        return None
    role, database = (_plain(word or "") for word in match.groups()[1:])
    return (role, database) if role or database else None


def _grant(match: re.Match[str], _now: str, to: str) -> Iterator[Composed]:
    privilege, kind, thing, column, role = match.groups()
    listed = SQL("({})").format(Identifier(_plain(column))) if column else SQL("")
    template = "GRANT {} {} ON {} {} TO {}" if to else "REVOKE {} {} ON {} {} FROM {}"
    parts = (_text(privilege), listed, _text(kind.upper()), _name(thing), _role(role))
    yield SQL(template).format(*parts)


def _member(match: re.Match[str], _now: str, to: str) -> Iterator[Composed]:
    template = "GRANT {} TO {}" if to else "REVOKE {} FROM {}"
    yield SQL(template).format(*(Identifier(_plain(word)) for word in match.groups()))


def _row_security(match: re.Match[str], _now: str, to: str) -> Iterator[Composed]:
    words = {"": "DISABLE {0}, NO FORCE {0}", "enabled": "ENABLE {0}, NO FORCE {0}"}
    rest = words.get(to, "ENABLE {0}, FORCE {0}").format("ROW LEVEL SECURITY")
    yield SQL("ALTER TABLE {} {}").format(_name(match[1]), _text(rest))


def _policy(match: re.Match[str], now: str, to: str) -> Iterator[Composed]:
    name, table = Identifier(_plain(match[1])), _name(match[2])
    if now:
        yield SQL("DROP POLICY {} ON {}").format(name, table)
    if to:
        yield SQL("CREATE POLICY {} ON {} {}").format(name, table, _text(to))


def _constraint(match: re.Match[str], now: str, to: str) -> Iterator[Composed]:
    name, table = Identifier(_plain(match[1])), _name(match[2])
    if now:
        yield SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(table, name)
    if to:
        yield SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(table, name, _text(to))


def _index(match: re.Match[str], now: str, to: str) -> Iterator[Composed]:
    if now:
        yield SQL("DROP INDEX {}").format(Identifier(_plain(match[3]), _plain(match[1])))
    if to:
        yield _defined(to, r"CREATE (UNIQUE )?INDEX ")


def _trigger(match: re.Match[str], now: str, to: str) -> Iterator[Composed]:
    name, table, off = Identifier(_plain(match[1])), _name(match[2]), " (disabled)"
    same = now.removesuffix(off) == to.removesuffix(off)
    if now and not same:
        yield SQL("DROP TRIGGER {} ON {}").format(name, table)
    if to and not same:
        yield _defined(to.removesuffix(off), r"CREATE (CONSTRAINT )?TRIGGER ")
    if to.endswith(off) or same:
        verb = "DISABLE" if to.endswith(off) else "ENABLE"
        yield SQL("ALTER TABLE {} {} TRIGGER {}").format(table, SQL(verb), name)


def _function(_match: re.Match[str], now: str, to: str) -> Iterator[Composed]:
    if not (now and to):
        raise ToolFailed("a function that was added or dropped has to be put back by hand")
    yield _defined(to, r"CREATE OR REPLACE (FUNCTION|PROCEDURE) ")


def _role_option(match: re.Match[str], _now: str, to: str) -> Iterator[Composed]:
    option, kind, name = match.groups()
    if not to:
        raise ToolFailed(f"the {kind} {name} was not there before: it has to be dropped by hand")
    if option == "login" and to not in ("on", "off"):
        raise ToolFailed("an expiry has to be set by hand")
    words = {"on": "LOGIN VALID UNTIL 'infinity'", "off": "NOLOGIN"}
    value = _text(words[to]) if option == "login" else SQL("CONNECTION LIMIT {}").format(int(to))
    yield SQL("ALTER {} {} {}").format(_text(kind.upper()), Identifier(_plain(name)), value)


def _setting(match: re.Match[str], _now: str, to: str) -> Iterator[Composed]:
    name, role, database = match.groups()
    values = to.split(",") if name in LISTS else [to]
    value = SQL(", ").join(Literal(part.strip().strip('"')) for part in values)
    end = SQL("SET {} TO {}" if to else "RESET {}").format(Identifier(*name.split(".")), value)
    inside = SQL("IN DATABASE {}").format(Identifier(_plain(database))) if database else SQL("")
    if role:
        yield SQL("ALTER ROLE {} {} {}").format(Identifier(_plain(role)), inside, end)
    elif database:
        yield SQL("ALTER DATABASE {} {}").format(Identifier(_plain(database)), end)
    else:
        yield SQL("ALTER SYSTEM {}").format(end)
        yield SQL("SELECT pg_reload_conf(){}").format(SQL(""))


Make = Callable[[re.Match[str], str, str], Iterator[Composed]]
FORMS: tuple[tuple[FactKind, re.Pattern[str], Make], ...] = (
    (FactKind.grant, GRANT, _grant),
    (FactKind.grant, MEMBER, _member),
    (FactKind.policy, ROW_SECURITY, _row_security),
    (FactKind.policy, PLACED, _policy),
    (FactKind.constraint, PLACED, _constraint),
    (FactKind.index_, PLACED, _index),
    (FactKind.trigger, PLACED, _trigger),
    (FactKind.function, re.compile(r".+\(.*\)"), _function),
    (FactKind.setting, ROLE_OPTION, _role_option),
    (FactKind.setting, SETTING, _setting),
)
"""How each kind of fact is named, and what makes it."""


def _defined(text: str, begin: str) -> Composed:
    """A definition as it was written down. Raises ToolFailed where it defines something else."""
    if not re.match(begin, text):
        raise ToolFailed(f"{text[:60]!r} is no such definition: put it back by hand")
    return Composed([_text(text)])


def _text(text: str) -> SQL:
    return SQL(text)  # pyright: ignore[reportArgumentType] checked by what comes of it: `_exactly`


def _plain(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word


def _name(dotted: str) -> Identifier:
    return Identifier(*(_plain(word) for word in re.findall(WORD, dotted)))


def _role(word: str) -> Composed:
    return Composed([SQL("PUBLIC") if word == "PUBLIC" else Identifier(_plain(word))])
