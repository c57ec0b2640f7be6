"""Minimal cut sets: what is known of small trees, and what trying every set of events finds."""

from itertools import chain, combinations

from hypothesis import given
from hypothesis import strategies as st

from warroom.analysis.fault_tree import Gate, minimal_cut_sets

EVENTS = "abcdef"


def sets(top: str, gates: dict[str, Gate], **more: int) -> list[str]:
    return ["".join(sorted(each)) for each in minimal_cut_sets(top, gates, **more).sets]


def test_what_holds_another_set_is_absorbed():
    """A release and its traffic are enough; a release with both traffic and a flag is no more."""
    gates = {
        "top": Gate(False, ("x", "y", "z")),
        "x": Gate(True, ("a", "b")),
        "y": Gate(True, ("x", "c")),
        "z": Gate(True, ("d", "w")),
        "w": Gate(False, ("e", "a")),
    }
    assert sets("top", gates) == ["ab", "ad", "de"]


def test_an_event_under_several_gates_is_one_event():
    gates = {
        "top": Gate(True, ("x", "y")),
        "x": Gate(False, ("a", "b")),
        "y": Gate(False, ("a", "c")),
    }
    assert sets("top", gates) == ["a", "bc"]


def test_a_tree_that_is_one_event_is_its_own_cut_set():
    assert sets("a", {}) == ["a"]


def test_what_is_too_large_or_turns_in_a_circle_says_that_it_is_not_whole():
    wide = {f"g{n}": Gate(False, tuple(f"e{n}{m}" for m in range(6))) for n in range(8)}
    found = minimal_cut_sets("top", {**wide, "top": Gate(True, tuple(wide))}, most=300)
    assert not found.whole and all(len(each) == 8 for each in found.sets)
    circle = {"x": Gate(False, ("y", "a")), "y": Gate(False, ("x", "b"))}
    assert not minimal_cut_sets("x", circle).whole


@st.composite
def trees(draw) -> dict[str, Gate]:
    """Gates g0 … that have events and later gates as inputs."""
    number = draw(st.integers(1, 5))
    gates = {}
    for at in range(number):
        below = [*EVENTS, *(f"g{n}" for n in range(at + 1, number))]
        inputs = draw(st.lists(st.sampled_from(below), min_size=1, max_size=4, unique=True))
        gates[f"g{at}"] = Gate(draw(st.booleans()), tuple(inputs))
    return gates


def happens(event: str, gates: dict[str, Gate], given_: frozenset[str]) -> bool:
    if event not in gates:
        return event in given_
    inputs = [happens(name, gates, given_) for name in gates[event].inputs]
    return all(inputs) if gates[event].every else any(inputs)


@given(trees())
def test_they_are_what_trying_every_set_of_events_finds(gates):
    every = chain.from_iterable(combinations(EVENTS, n) for n in range(len(EVENTS) + 1))
    enough = [s for s in map(frozenset, every) if happens("g0", gates, s)]
    least = {s for s in enough if not any(other < s for other in enough)}
    found = minimal_cut_sets("g0", gates)
    assert found.whole and set(found.sets) == least and len(found.sets) == len(least)
