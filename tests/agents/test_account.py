"""What is new and where it begins, before any kind of fault is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from warroom.agents.causes.account_words import quoted
from warroom.agents.causes.failure_path import kind_of
from warroom.agents.causes.judgement import candidates, judge
from warroom.agents.causes.observations import Observations
from warroom.agents.reporting.wording import brief
from warroom.agents.steps import INVESTIGATE
from warroom.incident.finding import FaultKind, Hypothesis
from warroom.tests.support.bundles import START, BundleWriter, gauge
from warroom.tests.support.calling_chain import BEGIN, FINE, SECONDS, Met, since, written
from warroom.tests.support.specialists import case_on
from warroom.tools.new_failures import NewFailure, Way

DENIED = Met("store", "db.PermissionDenied", "permission denied for table orders")
NO_ROOM = Met("store", "pool.PoolTimeout", "couldn't get a connection after 1.50 sec")
EARLY = Met("call", "http.Timeout", "orders did not answer within 0.01 s", waited_ms=10)
HUNG = Met("call", "http.Timeout", "orders did not answer in 3 s", answered=False, waited_ms=3000)
CUT_OFF = Met("call", "http.ConnectError", "connection refused", answered=False)
More = Callable[[BundleWriter], None]


def leading(folder: Path, met: Met, more: More = lambda _: None, every: int = 1) -> Hypothesis:
    """The first hypothesis of the floor on a chain in which this happens from BEGIN on."""
    with written(folder / "bundle", since(BEGIN, met, every)) as bundle:
        more(bundle)
    case = case_on(
        folder / "bundle",
        folder / "home",
        onset=BEGIN,
        now=SECONDS,
        step=INVESTIGATE,
        service="web",
    )
    seen = Observations(case)
    return judge(candidates(seen), case.document)[0]


def test_who_answers_with_an_error_is_the_place_and_its_words_the_cause(tmp_path) -> None:
    cause = leading(tmp_path, DENIED)
    assert cause.service == "store"
    assert "“PermissionDenied: permission denied for table orders”" in cause.statement
    assert "answers orders" in cause.statement
    proof = next(a for a in cause.support if "newly fail" in a.text)
    count = next(quote.value for quote in proof.quotes if quote.pointer.endswith("count"))
    assert f"{count} of {count} requests that newly fail, 0 such before" in proof.text


def test_many_who_wait_for_one_point_at_it_and_its_waits_are_the_kind(tmp_path) -> None:
    def locks(bundle: BundleWriter) -> None:
        gauge(bundle, "pg_locks_waiting", "store", [0.0] * BEGIN + [9.0] * (SECONDS - BEGIN))

    cause = leading(tmp_path, NO_ROOM, locks)
    assert cause.service == "store"
    assert "pg_locks_waiting of store was 0 and is 9" in cause.statement


def test_without_waits_there_the_pool_is_the_callers_own(tmp_path) -> None:
    cause = leading(tmp_path, NO_ROOM)
    assert (cause.service, cause.kind) == ("orders", FaultKind.pool_exhaustion)


def test_a_caller_that_gives_up_while_its_callee_answers_as_ever_is_the_place(tmp_path) -> None:
    def restart(bundle: BundleWriter) -> None:
        bundle.change(START + BEGIN - 2, "restart", "web", "r1", summary="web-1 was started again")

    cause = leading(tmp_path, EARLY, restart)
    assert cause.service == "web"
    assert "gives up on orders after 0.01 s" in cause.statement
    assert "web-1 was started again" in cause.statement
    assert any("orders itself worked 12 ms" in a.text for a in cause.support)


def test_sessions_that_were_seen_to_wait_point_at_it_when_they_wait_no_more(tmp_path) -> None:
    who = {"waiting_role": "orders", "relation": "stock", "blocker": "7/1.5"}
    who |= {"blocker_application": "count", "blocker_since": START + BEGIN - 1}

    def held(bundle: BundleWriter) -> None:
        for at, value in ((BEGIN + 1, json.dumps({"waiting": 5})), (BEGIN + 6, "")):
            row = {"at": START + at, "service": "store", "instance": "", "kind": "wait"}
            bundle.add("state.jsonl", row | {"object": json.dumps(who), "value": value})

    cause = leading(tmp_path, NO_ROOM, held)
    assert cause.service == "store"
    assert "count holds stock" in cause.statement


def became(
    service: str, kind: str, name: str, before: str, now: str, noticed: float = BEGIN - 2
) -> More:
    """A fact of a service that is another one just before it begins; noticed: in which second."""

    def write(bundle: BundleWriter) -> None:
        for at, value in ((1, before), (noticed, now)):
            row = {"at": START + at, "service": service, "instance": "", "kind": kind}
            bundle.add("state.jsonl", row | {"object": name, "value": value})

    return write


def test_a_caller_that_was_set_to_wait_less_than_its_callee_takes_is_the_place(tmp_path) -> None:
    met = Met("call", "http.Timeout", "orders did not answer within 0.003 s", waited_ms=3)
    assert leading(tmp_path / "as it was", met).service == "orders"
    turned = became("web", "environment", "TIMEOUT", "2.0", "0.003")
    cause = leading(tmp_path / "set anew", met, turned)
    assert (cause.service, cause.kind) == ("web", FaultKind.changed_setting)
    assert "environment TIMEOUT of web 2.0 → 0.003" in cause.statement
    assert cause.change.startswith("state-")
    hung = leading(tmp_path / "hung", HUNG, turned)
    assert hung.service == "orders", "it would not have answered the old setting either"


def test_whom_callers_look_for_elsewhere_is_led_to_the_commit(tmp_path) -> None:
    def moved(bundle: BundleWriter) -> None:
        text = "Point orders at the new address"
        bundle.change(START + BEGIN - 2, "scale", "orders", "c0ffee1", summary=text)

    def moved_and_restarted(bundle: BundleWriter) -> None:
        moved(bundle)
        bundle.change(START + BEGIN - 1, "restart", "orders", "r1", summary="started again")

    cause = leading(tmp_path / "moved", CUT_OFF, moved)
    assert (cause.service, cause.kind, cause.change) == (
        "orders",
        FaultKind.bad_config,
        "c0ffee1",
    )
    assert not leading(tmp_path / "also ended", CUT_OFF, moved_and_restarted).change


@pytest.mark.parametrize("noticed", [BEGIN - 2, BEGIN + 3])
def test_a_grant_that_went_is_named_with_what_is_denied(tmp_path, noticed: float) -> None:
    gone = became("store", "grant", "SELECT on table orders to shop", "granted", "", noticed)
    cause = leading(tmp_path, DENIED, gone)
    assert (cause.service, cause.kind) == ("store", FaultKind.missing_permission)
    assert "SELECT on table orders is no longer granted to shop" in cause.statement
    assert cause.change.startswith("state-")


def test_who_reaches_nobody_whom_others_reach_is_cut_off_on_the_way(tmp_path) -> None:
    def others(bundle: BundleWriter) -> None:
        for number in range(SECONDS):
            _called_by_others(bundle, number)

    cause = leading(tmp_path / "others too", HUNG, others)
    assert (cause.service, cause.kind) == ("web", FaultKind.network)
    assert "though others reach it: lost on the way" in cause.statement
    assert leading(tmp_path / "nobody", HUNG).service == "orders"


def _called_by_others(bundle: BundleWriter, second: int) -> None:
    trace = f"{second + 10_000:032x}"
    caller, callee = (trace, "a" * 16, ""), (trace, "b" * 16, "a" * 16)
    at = START + second
    bundle.span(at, "billing", "GET /orders", caller, ms=9, kind="client", peer__service="orders")
    bundle.span(at + 0.001, "orders", "GET /orders", callee, ms=7)


def test_a_flag_that_only_failing_requests_carry_is_blamed_and_the_release_is_not(tmp_path) -> None:
    met = Met("orders", "KeyError", "'weight'")

    def trial(bundle: BundleWriter, attribute: str, on: object) -> None:
        release = {"version": "v2", "previous": "v1", "files": ["orders/steps.py"]}
        bundle.change(START + BEGIN - 9, "deploy", "orders", "c0ffee", **release)
        bundle.change(START + BEGIN - 3, "flag", "orders", "new_steps", summary="Try new steps")
        for number in range(2 * SECONDS):
            span = (f"{number:032x}", "f" * 16, "c" * 16)
            fails = number >= 2 * BEGIN and number % 3 == 0
            said: dict[str, Any] = {attribute: on if fails else "other"}
            bundle.span(START + number / 2 + 0.004, "orders", "steps", span, ms=1, **said)

    def blamed(name: str, attribute: str, on: object) -> Hypothesis:
        return leading(tmp_path / name, met, lambda bundle: trial(bundle, attribute, on), every=3)

    cause = blamed("by its key", "feature_flag__new-steps", True)
    assert (cause.kind, cause.change) == (FaultKind.bad_flag, "new_steps")
    assert cause.confidence > 0.8
    assert any("without it 0 of" in reason.text for reason in cause.support)
    assert blamed("by its value", "feature_flag__key", "new-steps").change == "new_steps"
    for name, attribute in (("agent", "user_agent__original"), ("path", "url__path")):
        sent = blamed(name, attribute, "new-steps")
        assert sent.change != "new_steps" or sent.confidence < 0.5, "senders write that"


@pytest.mark.parametrize(
    ("met", "words"),
    [(HUNG, "does not answer web in time"), (CUT_OFF, "does not take connections of web")],
)
def test_to_hang_and_to_refuse_are_two_things(tmp_path, met, words) -> None:
    cause = leading(tmp_path, met)
    assert cause.service == "orders"
    assert words in cause.statement
    hangs = cause.kind is FaultKind.hung_process
    assert not (met is CUT_OFF and hangs)


def test_a_setting_that_stepped_is_told_as_the_change_that_nobody_recorded(tmp_path) -> None:
    def pool(bundle: BundleWriter) -> None:
        gauge(bundle, "db_pool_size", "orders", [6.0] * BEGIN + [1.0] * (SECONDS - BEGIN))

    cause = leading(tmp_path, NO_ROOM, pool)
    assert cause.service == "orders"
    assert "db_pool_size of orders was 6 and is 1" in cause.statement


def test_a_wrong_question_is_the_callers_where_the_caller_was_changed(tmp_path) -> None:
    met = Met("store", "db.UndefinedColumn", 'column "weight" does not exist')

    def release(bundle: BundleWriter) -> None:
        bundle.change(START + BEGIN - 3, "deploy", "orders", "c0ffee", version="v2", previous="v1")

    assert leading(tmp_path / "as it was", met).service == "store"
    assert leading(tmp_path / "released", met, release).service == "orders"
    negative = Met("store", "db.InvalidRowCountInClause", "OFFSET must not be negative")
    assert leading(tmp_path / "a wrong value", negative, release).service == "orders"


def silenced(bundle: BundleWriter) -> None:
    gauge(bundle, "up", "orders", [1.0] * BEGIN + [0.0] * (SECONDS - BEGIN))
    gauge(bundle, "up", "web", [1.0] * SECONDS)


def test_a_service_that_is_not_measured_and_works_has_lost_its_telemetry(tmp_path) -> None:
    with written(tmp_path / "bundle", since(SECONDS, DENIED)) as bundle:
        silenced(bundle)
    case = case_on(
        tmp_path / "bundle", tmp_path / "home", onset=BEGIN, now=SECONDS, service="orders"
    )
    cause = judge(candidates(Observations(case)), case.document)[0]
    assert (cause.service, cause.kind) == ("orders", FaultKind.telemetry_lost)
    assert "what is lost is telemetry, not orders" in cause.statement


def test_whom_only_its_metrics_miss_is_not_said_to_hang(tmp_path) -> None:
    """In the first seconds nothing shows yet that it works on; nobody waits for it either."""
    with written(tmp_path / "bundle", lambda _: FINE) as bundle:
        gauge(bundle, "up", "orders", [1.0] * BEGIN + [0.0] * 3)
        gauge(bundle, "up", "web", [1.0] * (BEGIN + 3))
    case = case_on(
        tmp_path / "bundle", tmp_path / "home", onset=BEGIN, now=BEGIN + 4, service="orders"
    )
    found = judge(candidates(Observations(case)), case.document)
    hangs = [h.confidence for h in found if h.kind is FaultKind.hung_process]
    assert max(hangs, default=0.0) < 0.3


def test_a_service_that_is_not_measured_and_answers_nothing_is_no_lost_telemetry(tmp_path) -> None:
    assert leading(tmp_path, HUNG, silenced).kind is FaultKind.hung_process


def test_calls_refused_during_starts_are_told_by_the_starts(tmp_path) -> None:
    def killed(bundle: BundleWriter) -> None:
        for number, at in enumerate((BEGIN - 1, BEGIN + 19)):
            bundle.change(START + at, "restart", "orders", f"r{number}", summary="orders-1 again")

    cause = leading(tmp_path, CUT_OFF, killed)
    assert (cause.service, cause.kind) == ("orders", FaultKind.crash_loop)
    assert "again and again" in cause.statement
    assert "about every 20 s" in cause.statement


def test_who_ends_at_every_start_since_a_release_is_led_to_it(tmp_path) -> None:
    def released(bundle: BundleWriter) -> None:
        release = {"version": "v2", "previous": "v1", "files": ["orders/settings.py"]}
        bundle.change(START + BEGIN - 3, "deploy", "orders", "c0ffee", **release)
        restarts = [0.0] * BEGIN + [1.0 + second // 2 for second in range(SECONDS - BEGIN)]
        gauge(bundle, "process_restarts_total", "orders", restarts)

    cause = leading(tmp_path, CUT_OFF, released)
    assert (cause.kind, cause.change) == (FaultKind.crash_loop, "c0ffee")
    assert "orders keeps restarting since release v2" in cause.statement


def test_code_that_fails_on_what_a_changed_callee_answers(tmp_path) -> None:
    """The caller stops after its call; the callee was released just before."""

    def meets(number: int) -> Met:
        return Met("web", "KeyError", "'weight'") if number >= 2 * BEGIN else Met()

    with written(tmp_path / "bundle", meets) as bundle:
        bundle.change(START + BEGIN - 2, "deploy", "orders", "c0ffee", version="v2", previous="v1")
    case = case_on(tmp_path / "bundle", tmp_path / "home", onset=BEGIN, now=SECONDS, service="web")
    cause = judge(candidates(Observations(case)), case.document)[0]
    assert cause.service == "orders"
    assert "fails on the data that orders answers" in cause.statement


def test_nothing_new_is_no_account(tmp_path) -> None:
    with written(tmp_path / "bundle", since(SECONDS, DENIED)):
        pass
    case = case_on(tmp_path / "bundle", tmp_path / "home", onset=BEGIN, now=SECONDS)
    assert not [
        h for h in judge(candidates(Observations(case)), case.document) if h.confidence > 0.3
    ]


def failure(words: str, exception: str = "") -> NewFailure:
    where = ("orders", "SELECT", 1, Way.answered, "store", words, exception, None)
    return NewFailure(*where, 9, 0, 1.0, -5.0, START, START, 1.0, None, False, None, "t")


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("could not extend file: No space left on device", FaultKind.disk_full),
        ("FATAL: sorry, too many clients already", FaultKind.database),
        ("certificate verify failed", FaultKind.certificate),
        ("something went wrong", FaultKind.unknown),
    ],
)
def test_an_errors_own_words_may_name_the_kind(words, kind) -> None:
    entry = kind_of(failure(words))
    assert (entry.kind if entry else FaultKind.unknown) is kind


def test_quoted_words_bring_no_marks_and_no_lines() -> None:
    assert quoted("a <b>\n`c` [E1] *d*\x1b[2J") == "a b c E1 d 2J"
    assert len(quoted("x" * 500)) == 120


def test_a_part_of_the_statements_that_takes_longer_is_told_with_its_share(tmp_path) -> None:
    cause = leading(tmp_path, Met(store_ms=300, waited_ms=340), every=3)
    assert cause.service == "store"
    assert "takes 300 ms each in 3" in cause.statement


def test_a_way_that_takes_longer_than_either_end_works_is_the_network(tmp_path) -> None:
    cause = leading(tmp_path, Met(waited_ms=320))
    assert (cause.service, cause.kind) == ("orders", FaultKind.network)
    assert "that neither works" in cause.statement


def with_lines(folder: Path, quiet: str, often: int) -> Hypothesis:
    """The first hypothesis on a chain in which nothing fails, alerted about orders; all write a
    line a second, and orders so many from BEGIN on."""
    with written(folder / "bundle", since(SECONDS, DENIED)) as bundle:
        for second in range(SECONDS):
            for service in ("web", "orders"):
                many = often if service == quiet and second >= BEGIN else 1
                for number in range(many):
                    at = START + second + number / 100
                    bundle.log(at, service, f"ranked item {number}")
    case = case_on(folder / "bundle", folder / "home", onset=BEGIN, now=SECONDS, service="orders")
    return judge(candidates(Observations(case)), case.document)[0]


def test_log_lines_that_stop_are_lost_telemetry_and_no_fault_of_a_neighbour(tmp_path) -> None:
    cause = with_lines(tmp_path, "orders", 0)
    assert (cause.service, cause.kind) == ("orders", FaultKind.telemetry_lost)
    assert "log lines of orders stopped arriving" in cause.statement


def test_a_flood_of_lines_is_told_with_its_line_and_that_nothing_fails(tmp_path) -> None:
    cause = with_lines(tmp_path, "orders", 40)
    assert cause.service == "orders"
    assert "log lines a second" in cause.statement
    assert "most of them “ranked item" in cause.statement
    assert "nothing fails by it" in cause.statement


def test_a_target_that_is_not_scraped_is_told_beside_a_few_failures(tmp_path) -> None:
    with written(tmp_path / "bundle", since(BEGIN, DENIED, every=12)) as bundle:
        silenced(bundle)
    case = case_on(
        tmp_path / "bundle", tmp_path / "home", onset=BEGIN, now=SECONDS, service="orders"
    )
    found = judge(candidates(Observations(case)), case.document)
    cause = next(h for h in found if h.kind is FaultKind.telemetry_lost)
    assert "metrics of orders cannot be scraped since" in cause.statement


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("web fails; orders waits", "web fails; orders waits"),
        ("web fails, “a. b” since noon. With it: " + "x" * 200, "web fails, “a. b” since noon"),
        ("web fails, “" + "a. b; c" * 40 + "”", "web fails, “" + ("a. b; c" * 40)[:176] + " …"),
    ],
)
def test_what_does_not_lead_is_told_in_two_lines(text: str, told: str) -> None:
    assert brief(text) == told
