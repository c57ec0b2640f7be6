"""What teams bring along: exports of Grafana OnCall and Opsgenie, Alertmanager's routes, as section
`oncall`. The shapes are those of their public APIs; what has no counterpart is said, never guessed.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from ..errors import InputError
from .escalation import ANY, OnCall
from .schedule import DAYS

Given = Mapping[str, Any]
Say = Callable[[str], None]
MINUTES = {"minutes": 1, "hours": 60, "days": 1440}
TURNS = {"hourly": timedelta(hours=1), "daily": timedelta(days=1), "weekly": timedelta(weeks=1)}
WEEKDAYS = [name[:2].upper() for name in DAYS]
NAMED = re.compile(r"[^A-Za-z0-9_.:@ -]")
ABOVE = 100
"""Priority of overrides."""
SHAPE = (KeyError, TypeError, ValueError, AttributeError, IndexError)


def imported(kind: str, given: Any) -> tuple[dict[str, Any], list[str]]:
    """The section as data, and what stayed behind in words.

    kind: grafana, opsgenie or alertmanager; given: its export, decoded.
    Raises InputError for another kind or shape.
    """
    left: list[str] = []
    try:
        section = KINDS[kind](given, left.append)
        if not any(section.values()):
            raise ValueError("it holds no schedule and no route")
        OnCall.model_validate(section)
    except SHAPE as error:
        known = ", ".join(KINDS)
        raise InputError(f"this is no export of one of {known} ({error}): look at it") from error
    return section, left


def _all(export: Any, name: str) -> list[Given]:
    """The objects of one kind: {name: [...]}, or an answer's {"results"/"data": [...]} in it."""
    found = export.get(name, [])
    return list(found if isinstance(found, list) else found.get("results", found.get("data", [])))


def _grafana(export: Any, say: Say) -> dict[str, Any]:
    """{"users", "schedules", "on_call_shifts", "escalation_chains", "escalation_policies"}."""
    users = {one["id"]: one.get("username") or one["email"] for one in _all(export, "users")}
    turns = {one["id"]: one for one in _all(export, "on_call_shifts")}
    schedules, names = [], {}
    for one in _all(export, "schedules"):
        layers = [{"ics": one[key], "priority": rank} for key, rank in ICAL if one.get(key)]
        zone = one.get("time_zone") or "UTC"
        for key in one.get("shifts") or []:
            layers += _grafana_layers(turns.get(key, {"name": key}), users, zone, say)
        names[one["id"]] = name = _name(one["name"], say)
        schedules.append({"name": name, "time_zone": zone, "layers": layers})
    policies = sorted(_all(export, "escalation_policies"), key=lambda one: one.get("position", 0))
    routes = []
    for chain in _all(export, "escalation_chains"):
        mine = [one for one in policies if one["escalation_chain_id"] == chain["id"]]
        levels = list(_grafana_levels(mine, names, users, chain["name"], say))
        routes.append(_route([f'escalation="{chain["name"]}"'], levels))
    return {"schedules": schedules, "routes": routes}


ICAL = (("ical_url_primary", 0), ("ical_url_overrides", ABOVE))


def _grafana_layers(turn: Given, users: Given, zone: str, say: Say) -> Iterator[dict[str, Any]]:
    name, kind, often = turn.get("name") or "", turn.get("type"), turn.get("frequency") or "daily"
    groups = turn.get("rolling_users") or [turn.get("users") or []]
    first, every = turn.get("start_rotation_from_user_index") or 0, int(turn.get("interval") or 1)
    if not any(groups) or often not in TURNS or kind == "ical":
        say(f"shift {name}: {kind or 'missing'} {often}, or nobody in it: left out")
        return
    if (turn.get("time_zone") or zone) != zone:
        say(f"shift {name}: goes by {turn['time_zone']} there, here by the schedule's {zone}")
    start, lasts = _wall(turn["start"]), timedelta(seconds=int(turn.get("duration") or 0))
    people = [[str(users.get(one, one)) for one in group] for group in groups]
    layer = {"name": name, "participants": people[first:] + people[:first]}
    if kind in ("single_event", "override"):
        rank = ABOVE if kind == "override" else int(turn.get("level") or 0)
        yield layer | {"start": str(start), "end": str(start + lasts), "priority": rank}
        return
    hours = _grafana_hours(turn, often, every, start, lasts)
    if hours is None:
        say(f"shift {name}: {lasts} of each turn cannot be said; it has the whole turn")
    layer |= {"rotation": often, "every": every, "hours": hours or []}
    layer |= {"end": str(_wall(turn["until"]))} if turn.get("until") else {}
    begin = _wall(turn.get("rotation_start") or turn["start"])
    if turn.get("by_day") and often == "weekly":  # people change with the week
        begin -= timedelta(
            days=(begin.weekday() - WEEKDAYS.index(turn.get("week_start") or "MO")) % 7
        )
    yield layer | {"start": str(begin), "priority": int(turn.get("level") or 0)}


def _grafana_hours(
    turn: Given, often: str, every: int, start: datetime, lasts: timedelta
) -> list[str] | None:
    """Which part of a turn it is; none: all of it. None: there is no word for it."""
    end, day = start + lasts, timedelta(days=1)
    if turn.get("by_day") and lasts <= day:
        days = [DAYS[WEEKDAYS.index(one)] for one in turn["by_day"]]
        return [f"{name} {start:%H:%M}-{end:%H:%M}" for name in days]
    if not lasts or lasts >= TURNS[often] * every:
        return []
    if often == "daily" and lasts < day:
        return [f"{start:%H:%M}-{end:%H:%M}"]
    whole_week = often == "weekly" and every == 1
    week = f"{DAYS[start.weekday()]} {start:%H:%M}-{DAYS[end.weekday()]} {end:%H:%M}"
    return [week] if whole_week else None


def _grafana_levels(
    policies: Sequence[Given], schedules: Given, users: Given, chain: str, say: Say
) -> Iterator[dict[str, Any]]:
    level: dict[str, Any] = {}
    for one in policies:
        told = [str(users.get(user, user)) for user in one.get("persons_to_notify") or []]
        schedule = one.get("notify_on_call_from_schedule")
        told += [schedules.get(schedule, schedule)] if schedule else []
        if one["type"] == "wait" and level:
            level["timeout"] = f"{int(one.get('duration') or 60)}s"
        elif told:
            if level:
                yield {"timeout": "1m", **level}
            level = {"notify": told}
        else:
            say(f"chain {chain}: its step {one['type']} has no counterpart")
    if level:
        yield level


def _opsgenie(export: Any, say: Say) -> dict[str, Any]:
    """{"schedules", "escalations"}, as /v2/schedules?expand=rotation and /v2/escalations answer."""
    schedules, routes = [], []
    for one in _all(export, "schedules"):
        zone, turns = one.get("timezone") or "UTC", one.get("rotations") or []
        layers = [_opsgenie_layer(turn, ZoneInfo(zone), say) for turn in turns]
        name = _name(one["name"], say)
        schedules.append({"name": name, "time_zone": zone, "layers": layers})
        if one.get("enabled") is False:
            say(f"schedule {one['name']}: it is switched off there and on here")
    for one in _all(export, "escalations"):
        rules = sorted(one["rules"], key=_delay)
        pauses = [f"{_delay(b) - _delay(a)}m" for a, b in pairwise(rules)]
        levels: list[dict[str, Any]] = [{"notify": _recipient(each["recipient"])} for each in rules]
        for level, pause in zip(levels, pauses, strict=False):
            level["timeout"] = "1s" if pause == "0m" else pause
        routes.append(_route([f'escalation="{one["name"]}"'], levels))
        for how in {each.get("notifyType", "default") for each in rules} - {"default"}:
            say(f"escalation {one['name']}: {how} there; here all of them are told")
        if (one.get("repeat") or {}).get("count"):
            say(f"escalation {one['name']}: begins anew there when it is through; here it ends")
    return {"schedules": schedules, "routes": routes}


def _opsgenie_layer(turn: Given, zone: ZoneInfo, say: Say) -> dict[str, Any]:
    layer: dict[str, Any] = {"name": turn.get("name") or ""}
    layer["participants"] = [_recipient(one) for one in turn["participants"]]
    if any(one["type"] not in ("user", "none") for one in turn["participants"]):
        say(f"rotation {layer['name']}: a team takes turns there: name its people instead")
    layer |= {"rotation": turn["type"], "every": int(turn.get("length") or 1)}
    for ours, theirs in (("start", "startDate"), ("end", "endDate")):
        if turn.get(theirs):
            at = datetime.fromisoformat(turn[theirs].replace("Z", "+00:00")).astimezone(zone)
            layer[ours] = str(at.replace(tzinfo=None))
    given = turn.get("timeRestriction") or {}
    parts = given.get("restrictions") or [given["restriction"]] if given else []
    return layer | {"hours": [_restriction(one) for one in parts]}


def _restriction(one: Given) -> str:
    begin, end = (f"{one[f'{k}Hour']:02}:{one.get(f'{k}Min') or 0:02}" for k in ("start", "end"))
    if "startDay" not in one:
        return f"{begin}-{end}"
    return f"{one['startDay'][:3].title()} {begin}-{one['endDay'][:3].title()} {end}"


def _recipient(one: Given) -> Any:
    return [] if one["type"] == "none" else str(one.get("username") or one["name"])


def _delay(rule: Given) -> int:
    delay = rule.get("delay") or {}
    return int(delay.get("timeAmount", 0)) * MINUTES[delay.get("timeUnit", "minutes")]


def _alertmanager(config: Any, say: Say) -> dict[str, Any]:
    """alertmanager.yml: each route tells who has the name of its receiver, the deepest first."""
    routes = [_route(fit, [{"notify": to}]) for fit, to in _routes(config["route"], [], "", say)]
    for name in sorted({route["escalation"][ANY][0]["notify"] for route in routes}):
        say(f"receiver {name}: give a schedule, role, team or person that name")
    return {"routes": routes}


def _routes(
    route: Given, above: list[str], receiver: str, say: Say
) -> Iterator[tuple[list[str], str]]:
    receiver, given = route.get("receiver") or receiver, route.get("matchers") or []
    own = [given] if isinstance(given, str) else list(given)
    own += [f'{name}="{value}"' for name, value in (route.get("match") or {}).items()]
    own += [f'{name}=~"{value}"' for name, value in (route.get("match_re") or {}).items()]
    where = ", ".join([*above, *own]) or "the first route"
    if str(route.get("continue")).lower() == "true":
        say(f"{where}: goes on to the next route there; here the first that fits counts")
    for key in ("mute_time_intervals", "active_time_intervals", "repeat_interval"):
        if route.get(key):
            say(f"{where}: {key} is left out: say it by hours, quiet or repeat")
    for child in route.get("routes") or []:
        yield from _routes(child, [*above, *own], receiver, say)
    yield [*above, *own], receiver


def _route(matchers: Sequence[str], levels: Sequence[Given]) -> dict[str, Any]:
    return {"matchers": [*matchers], "escalation": {ANY: [*levels]}}


def _name(text: str, say: Say) -> str:
    if (name := NAMED.sub("-", text)[:100]) != text:
        say(f"schedule {text}: it is called {name} here")
    return name


def _wall(text: str) -> datetime:
    return datetime.fromisoformat(str(text).replace("Z", "+00:00")).replace(tzinfo=None)


KINDS: Mapping[str, Callable[[Any, Say], dict[str, Any]]] = {
    "grafana": _grafana,
    "opsgenie": _opsgenie,
    "alertmanager": _alertmanager,
}
