"""Log templates, their shifts, and stack traces."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.analysis.stacktraces import own_frame, parse_stack, place_of, raised_at
from warroom.analysis.template_shift import LogLine, compare_templates
from warroom.analysis.templates import head, mask_all, mine

PYTHON = """Traceback (most recent call last):
  File "/app/shop/checkout.py", line 41, in post
    total = price(cart)
  File "/app/shop/prices.py", line 12, in price
    return sum(i["price"] for i in cart)
  File "/usr/lib/python3.11/site-packages/lib/core.py", line 9, in get
    raise KeyError(key)
KeyError: 'price'
"""
CHAINED = (
    PYTHON
    + """
The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/shop/checkout.py", line 43, in post
    raise CheckoutFailed("no total") from error
shop.errors.CheckoutFailed: no total
"""
)
JAVA = """org.springframework.web.NestedServletException: Request failed
\tat org.springframework.web.Servlet.service(Servlet.java:10)
\tat com.acme.order.OrderController.create(OrderController.java:55)
Caused by: java.lang.NullPointerException: seat is null
\tat com.acme.seat.SeatService.pick(SeatService.java:77)
\tat com.acme.order.OrderService.create(OrderService.java:31)
\t... 12 more
"""
NODE = """TypeError: Cannot read properties of undefined (reading 'id')
    at parse (node:internal/url:20:3)
    at cartTotal (/srv/app/cart.js:17:9)
    at /srv/app/server.js:80:5
"""
NET = """System.InvalidOperationException: Sequence contains no elements
   at System.Linq.ThrowHelper.ThrowNoElementsException()
   at Shop.Cart.CartService.Total(Int32 id) in /src/Cart/CartService.cs:line 42
   at Shop.Api.Post() in /src/Api.cs:line 9
"""
GO = """panic: runtime error: index out of range [3] with length 3

goroutine 7 [running]:
main.pick(0x3, 0x4)
\t/src/pick.go:21 +0x1d
main.main()
\t/src/main.go:9 +0x85
"""


@pytest.mark.parametrize(
    ("message", "masked"),
    [
        ("user 42 paid 12.50 in -3 ms", "user <num> paid <num> in <num> ms"),
        ("from 10.0.0.1:8080", "from <ip>"),
        ("id 3f2504e0-4f89-11d3-9a0c-0305e82c3301 ok", "id <uuid> ok"),
        ("at 0xdeadbeef, trace 4bf92f3577b34da6", "at <hex>, trace <hex>"),
        ("can't find 'price' won't", "can't find <quoted> won't"),
        ('{"user": "ann", "n": 12}', '{"user": <quoted>, "n": <num>}'),
        ("2024-01-02T03:04:05.678Z up", "<time> up"),
        ("catalog-2 speaks http2", "catalog-<num> speaks http#"),
        ("a decade of facades", "a decade of facades"),
        ("first\nsecond 2", "first"),
        ("", ""),
    ],
)
def test_mask(message, masked):
    assert mask_all([head(message)]) == [masked.replace("#", "0")]


def test_values_become_wildcards_and_labels_point_back():
    mined = mine(["user ann logged in", "disk full", "user bob logged in", "disk full"])
    assert mined.templates == ("disk full", "user <*> logged in")
    assert mined.labels.tolist() == [1, 0, 1, 0]
    assert mine([]).templates == ()


def test_kept_names_stay_apart():
    lines = ["call to payments failed after 3 ms", "call to catalog failed after 5 ms"]
    assert len(mine(lines).templates) == 1
    assert len(mine(lines, keep=["payments", "catalog"]).templates) == 2


words = st.sampled_from(["user", "ann", "bob", "failed", "to", "read", "7", "cart", "'x'"])
messages = st.lists(st.lists(words, max_size=6).map(" ".join), max_size=30)


@given(messages, st.randoms())
def test_templates_do_not_depend_on_the_order_of_lines(lines, random):
    order = list(range(len(lines)))
    random.shuffle(order)
    one, other = mine(lines), mine([lines[i] for i in order])
    assert other.templates == one.templates
    assert np.array_equal(other.labels, one.labels[order])


@given(st.lists(st.text(max_size=40), max_size=15))
def test_any_text_gets_a_label(lines):
    mined = mine(lines)
    assert len(mined.labels) == len(lines)
    assert set(mined.labels.tolist()) == set(range(len(mined.templates)))


def line(message, service="cart", level="info"):
    return LogLine(service, level, message)


def test_new_surging_and_vanished_templates():
    baseline = [line("tick 1")] * 40 + [line("retry 1", level="warning")] * 4
    baseline += [line("cache warmed in 3 ms")] * 30
    incident = [line("tick 2")] * 20 + [line("retry 7", level="warning")] * 30
    incident += [line(f"payment of {n} refused", level="ERROR") for n in range(6)]
    shifts = compare_templates(baseline, incident, 60, 30)
    assert [(s.kind, s.template, s.before, s.after) for s in shifts] == [
        ("new", "payment of <num> refused", 0, 6),
        ("surging", "retry <num>", 4, 30),
        ("vanished", "cache warmed in <num> ms", 30, 0),
    ]
    new, surging, vanished = shifts
    assert (new.example, new.level, new.ratio) == ("payment of 0 refused", "error", math.inf)
    assert new.log10_p == pytest.approx(6 * math.log10(1 / 3))
    assert surging.ratio == 15  # 30 in 30 s against 4 in 60 s
    assert (new.first, surging.first, vanished.first) == (50, 20, None)


def test_a_traffic_surge_is_discounted_by_counting_requests():
    baseline, incident = [line("served")] * 100, [line("served")] * 900
    assert compare_templates(baseline, incident, 60, 60)[0].kind == "surging"
    assert compare_templates(baseline, incident, 100, 900) == []


def test_the_same_words_of_two_services_are_counted_apart():
    baseline = [line("timeout", "cart"), line("timeout", "login")] * 10
    incident = [line("timeout", "cart")] * 100 + [line("timeout", "login")] * 10
    assert [s.service for s in compare_templates(baseline, incident, 60, 60)] == ["cart"]


def test_without_a_baseline_nothing_is_called_new():
    shifts = compare_templates([], [line("a"), line("b", level="error")], 60, 60)
    assert [(s.kind, s.template) for s in shifts] == [("no-baseline", "b"), ("no-baseline", "a")]
    assert compare_templates([], [], 60, 60) == []


@pytest.mark.parametrize(
    ("text", "exception", "file", "function", "number"),
    [
        (PYTHON, "KeyError", "/app/shop/prices.py", "price", 12),
        (CHAINED, "KeyError", "/app/shop/prices.py", "price", 12),
        (
            JAVA,
            "java.lang.NullPointerException",
            "SeatService.java",
            "com.acme.seat.SeatService.pick",
            77,
        ),
        (NODE, "TypeError", "/srv/app/cart.js", "cartTotal", 17),
        (
            NET,
            "System.InvalidOperationException",
            "/src/Cart/CartService.cs",
            "Shop.Cart.CartService.Total",
            42,
        ),
        (GO, "panic", "/src/pick.go", "main.pick", 21),
    ],
)
def test_root_exception_and_deepest_own_frame(text, exception, file, function, number):
    stack = parse_stack(text)
    assert stack is not None
    assert stack.exception == exception
    frame = own_frame(stack)
    assert frame is not None
    assert (frame.file, frame.function, frame.line) == (file, function, number)


def test_a_text_without_frames_is_no_stack():
    assert parse_stack("Error: something") is None
    assert parse_stack("") is None


def test_a_place_is_the_same_across_moved_lines():
    here, moved, java = map(parse_stack, (PYTHON, PYTHON.replace("line 12", "line 15"), JAVA))
    assert here and moved and java
    assert place_of(here) == place_of(moved) != place_of(java)
    assert place_of(here)[0] == "KeyError"


@given(st.text(max_size=200))
def test_any_text_can_be_read_as_a_stack_or_not(text):
    assert (raised_at(text) is None) or parse_stack(text) is not None


HOSTILE_STACKS = [
    "E: x\n  at " + "()" * 3_000 + " in " + "() in " * 3_000,
    "E: x\n  at " + "()" * 200_000 + " in ()",
    "E: x\n" + "at (" * 200_000,
    "E: x\n at " + "a:1" * 200_000,
    'File "a", line 1, in f' + "\n" * 500_000,
    'File "' * 200_000,
    "goroutine 1 panic: x\n" + "main.f(" * 100_000 + ")\n\t/a.go:1",
    "Caused by: " * 100_000 + "\n at f(a.java:1)",
]


@pytest.mark.parametrize("text", HOSTILE_STACKS, ids=range(len(HOSTILE_STACKS)))
def test_a_hostile_stack_is_read_in_time_linear_in_its_length(text: str) -> None:
    """Each took minutes to years when whole texts were matched: the limit of a test is enough."""
    stack = parse_stack(text)
    assert stack is None or len(stack.frames) <= 1


def test_a_line_number_that_no_file_has_is_no_frame() -> None:
    assert parse_stack(f"E: x\n  at f(a.js:{'9' * 5000}:1)") is None
