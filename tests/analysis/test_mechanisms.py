"""Reading a change: what a diff does, which settings it turns, where it meets the symptoms."""

import pytest

from warroom.analysis.code.consequences import harms, turns
from warroom.analysis.code.contact import bumped, meet, study
from warroom.analysis.code.diffs import read
from warroom.analysis.code.mechanisms import Mechanism as M
from warroom.analysis.code.mechanisms import Mention, shown
from warroom.analysis.code.settings_turned import swapped, turned
from warroom.analysis.code.tokens import plain
from warroom.analysis.departure import counts_up, increments, moves


def test_names_become_plain_words() -> None:
    assert plain("maxPoolSize") == plain("max_pool_size") == plain("max-pool-size")
    assert plain("HTTPServer.readBody") == "http server read body"


def test_a_line_that_moved_is_no_change() -> None:
    edit = read(
        "@@ -1,2 +1,4 @@ func a()\n-  close(f);\n+  tidy(f)\n+}\n+func tidy(f) {\n+  close(f)\n"
    )
    assert edit.removed == ()
    assert [line.strip() for line in edit.added] == ["tidy(f)", "func tidy(f) {"]
    assert edit.hunks[0].place == "func a()"


def test_comments_and_log_lines_are_no_change() -> None:
    assert read('-// limit is 5\n+// limit is 6\n-log.Info("a")\n+logger.debug("b")\n').empty


@pytest.mark.parametrize(
    ("header", "file", "place"),
    [
        ("@@ -3,4 +3,4 @@ def f(x):", "a/b.py", "def f(x):"),
        ("@@ shop/cart.py: def g():", "shop/cart.py", "def g():"),
        ("@@ shop/cart.py @@ def h():", "shop/cart.py", "def h():"),
        ("@@ shop/cart.py @@", "shop/cart.py", ""),
    ],
)
def test_hunk_headers_of_several_tools(header: str, file: str, place: str) -> None:
    (hunk,) = read(f"--- a/a/b.py\n+++ b/a/b.py\n{header}\n-x = 1\n+x = 2\n").hunks
    assert (hunk.file, hunk.place) == (file, place)


@pytest.mark.parametrize(
    ("removed", "added", "key", "factor"),
    [
        ("  maximumPoolSize: 40", "  maximumPoolSize: 10", "maximumPoolSize", 0.25),
        ("d := f(ctx, 5*time.Second)", "d := f(ctx, 500*time.Millisecond)", "f", 0.1),
        ('OPTS="-Xms1g -Xmx4g"', 'OPTS="-Xms1g -Xmx512m"', "Xmx", 0.125),
        ("keepalive_timeout 60;", "keepalive_timeout 6;", "keepalive_timeout", 0.1),
        ("<size>8</size>", "<size>2</size>", "size", 0.25),
        ("TTL: int = 60 * 60", "TTL: int = 60", "TTL", 1 / 60),
        ("t = Duration.ofSeconds(4)", "t = Duration.ofMillis(400)", "t", 0.1),
        ("wait = timedelta(minutes=2)", "wait = timedelta(seconds=30)", "wait", 0.25),
        ("limit = 1_000", "limit = 4_000", "limit", 4.0),
    ],
)
def test_a_turned_number_has_its_factor(removed: str, added: str, key: str, factor: float) -> None:
    (found,) = (t for t in turned([removed], [added]) if t.key == key)
    assert found.factor == pytest.approx(factor)


def test_the_same_length_of_time_in_another_unit_is_not_turned() -> None:
    assert turned(["timeout = 2 * time.Second"], ["timeout = 2000 * time.Millisecond"]) == []


def test_constants_that_differ_in_the_same_line_are_swapped() -> None:
    (found,) = swapped(["write(out, UTF_8)"], ["write(out, UTF_16)"])
    assert (found.before.value, found.after.value) == ("UTF_8", "UTF_16")  # type: ignore[union-attr]
    assert swapped(["a = load(x)"], ["b = load(y)"]) == []  # renamed variables


@pytest.mark.parametrize(
    ("removed", "added", "mechanism", "weight"),
    [
        ("pool_size = 40", "pool_size = 10", M.pool, 1.0),  # two doublings down: full
        ("pool_size = 40", "pool_size = 20", M.pool, 0.5),  # one: half
        ("pool_size = 10", "pool_size = 40", M.pool, 0.0),  # more room does no harm here
        ("timeout: 3s", "timeout: 30s", M.timeout, 0.0),
        ("timeout: 12s", "timeout: 3s", M.timeout, 1.0),
        ("retries = 2", "retries = 8", M.storm, 1.0),
        ("log_level: info", "log_level: debug", M.volume, 1.0),
        ("log_level: debug", "log_level: info", M.volume, 0.0),
        ("memory: 2Gi", "memory: 512Mi", M.memory, 1.0),
        ("  rotate 7", "", M.disk, 1.0),  # what is never rotated fills the disk
        ('a: int32 `json:"id"`', 'a: int32 `json:"uid"`', M.schema, 1.0),
        ("string name = 3;", "string name = 4;", M.schema, 1.0),
    ],
)
def test_a_knob_counts_in_its_harmful_direction(
    removed: str, added: str, mechanism: M, weight: float
) -> None:
    found = turns(turned([removed], [added] if added else []))
    best = max((turn.weights.get(mechanism, 0.0) for turn in found), default=0.0)
    assert best == pytest.approx(weight)


@pytest.mark.parametrize(
    ("diff", "mechanism"),
    [
        ("-  mu.Lock()\n   n++\n", M.race),
        ("-  if (user == null) return 0;\n", M.null),
        ("-  return a?.b?.c;\n+  return a.b.c;\n", M.null),
        ("-SELECT id FROM t LIMIT 10\n+SELECT id FROM t\n", M.database),
        ("+DROP INDEX by_name;\n", M.database),
        ("-  f.close()\n", M.handles),
        ("-@lru_cache(maxsize=9)\n", M.cache),
        ("   for item in items:\n+      row = client.get_item(item)\n", M.fanout),
        ("+  text = fs.readFileSync(name)\n", M.capacity),
        ("-  if (n < size) {\n+  if (n <= size) {\n", M.data),
        ("-  await save(row)\n+  save(row)\n", M.race),
    ],
)
def test_an_edit_does_harm(diff: str, mechanism: M) -> None:
    assert any(mechanism in done.weights for done in harms(read(diff)))


@pytest.mark.parametrize(
    "diff",
    [
        "-  mu.Lock()\n-  n++\n+  add()\n+}\n+func add() {\n+  mu.Lock()\n+  n++\n",  # moved
        "-  if err != nil { return err }\n+  return wrap(err)\n",  # how an error is passed on
        "-  let k = 32;\n+  let k_factor = 32;\n",  # renamed
        "   for item in items:\n+      total = total + item.price\n",  # no call of others
        "+  if (user == null) return 0;\n",  # a guard that comes
    ],
)
def test_an_innocent_edit_does_none(diff: str) -> None:
    assert harms(read(diff)) == []


def test_what_several_symptoms_say_adds_up() -> None:
    one = Mention("cart", "metric", "db_pool_waiting", 0.6)
    two = Mention("cart", "log", "timed out waiting for a connection from the pool", 1.0)
    assert shown([one])[M.pool].level == pytest.approx(0.54)  # 1 - (1 - .9 x .6)
    assert shown([one, two])[M.pool].level == pytest.approx(1 - 0.46 * 0.1)
    assert shown([one, two])[M.pool].symptoms[0] is two
    assert M.tls not in shown([one, two])


def test_contact_by_mechanism_needs_no_shared_word() -> None:
    work = study(["values.yaml"], "-maximumPoolSize: 40\n+maximumPoolSize: 10\n")
    symptoms = [Mention("cart", "log", "Connection is not available, request timed out", 1.0)]
    contact = meet(work, symptoms, shown(symptoms), [work])
    assert contact.by_mechanism == pytest.approx(0.9)  # full turn x .9 of one error
    assert contact.by_name == contact.by_place == 0.0


def test_what_the_errors_name_is_contact_by_name() -> None:
    work = study(["deploy.yaml"], "-  - name: DB_PASSWORD\n+  - name: PG_PASSWORD\n")
    symptoms = [Mention("cart", "log", "KeyError: 'DB_PASSWORD'", 1.0)]
    assert meet(work, symptoms, shown(symptoms), [work]).by_name == pytest.approx(0.9)


def test_a_file_in_a_stack_is_contact_by_place() -> None:
    work, other = study(["src/pricing.js"], "-a?.b\n+a.b\n"), study(["src/cart.js"], "-x\n+y\n")
    symptoms = [Mention("shop", "log", "TypeError at total (pricing.js:7:3)", 1.0)]
    seen = shown(symptoms)
    assert meet(work, symptoms, seen, [work, other]).place[0].text == "it touches pricing.js"
    assert meet(other, symptoms, seen, [work, other]).place == ()


@pytest.mark.parametrize(
    "name", ["README.md", "tests/test_x.py", "a/site.css", "deploy/staging/a.yaml"]
)
def test_what_does_not_run_in_production_does_nothing(name: str) -> None:
    assert study([name], "-pool_size: 40\n+pool_size: 1\n").harmless


def test_a_version_bump_brings_what_its_module_changed() -> None:
    work = study(
        ["go.mod"], "-	example.com/libs/events v1.0.0\n+	example.com/libs/events v1.1.0\n"
    )
    assert "events" in bumped(work) and work.harmless
    assert bumped(study(["a.py"], "-x = 1\n+x = 2\n")) == frozenset()


def test_a_metric_moves_by_its_outer_values() -> None:
    healthy, ill = [1.0, 1.1, 0.9, 1.0, 1.0], [1.0, 5.0, 1.0, 5.0, 5.0]
    then, now = [True] * 5 + [False] * 5, [False] * 5 + [True] * 5
    [found] = moves([healthy + ill], then, now)
    assert found is not None and found.now == 5.0 and found.score > 20
    [still] = moves([healthy + healthy], then, now)
    assert still is not None and still.score < 6
    assert moves([[1.0, 2.0]], [True, False], [False, True]) == [None]  # too few


def test_a_counter_is_read_by_what_it_adds() -> None:
    assert counts_up([0, 0, 3, 5]) and not counts_up([0, 3, 2, 5]) and not counts_up([4, 4, 4, 4])
    assert increments([0, 2, 5, 1])[1:].tolist() == [2, 3, 0]


HOSTILE_LINES = ["ab12" * 20_000, "log." * 20_000, "a:" * 40_000, "SELECT " * 10_000, ":" * 80_000]


@pytest.mark.parametrize("line", HOSTILE_LINES, ids=range(len(HOSTILE_LINES)))
def test_one_endless_line_does_not_hold_up_twenty_commits(line: str) -> None:
    """The square of its length would take hours: the limit of a test is enough."""
    for number in range(20):
        work = study(("x.py",), f"@@ x.py @@ {line}\n-x = {line}{number}\n+y = {line}{number}\n")
        assert max(len(text) for text in (*work.edit.removed, *work.edit.added)) < 1100


def test_lines_that_differ_far_behind_still_differ() -> None:
    edit = read(f"-key = {'a' * 5000}b\n+key = {'a' * 5000}c\n")
    assert not edit.empty
    assert edit.removed != edit.added
