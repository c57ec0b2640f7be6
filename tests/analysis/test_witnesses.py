"""Two witnesses pooled: what must hold whatever they say."""

import random

import pytest

from warroom.analysis.witnesses import Trust, Word, pooled

PRIOR = {"floor": 0.79, "model": 0.05}
TRUST = Trust(playbook={"floor": 0.55}, model=0.8, refuting=0.6)


@pytest.mark.parametrize("words", [{}, {"model": Word(first=True)}, {"floor": Word()}])
def test_who_proves_nothing_leaves_the_playbooks_word_as_it_was(words: dict[str, Word]) -> None:
    assert pooled(PRIOR, words, TRUST) == pytest.approx(PRIOR)


def test_the_further_the_proof_goes_the_likelier_the_cause() -> None:
    found = [pooled(PRIOR, {"model": Word(p, first=True)}, TRUST) for p in (0, 0.2, 0.5, 0.8, 1)]
    ours, theirs = [f["model"] for f in found], [f["floor"] for f in found]
    assert ours == sorted(ours) and theirs == sorted(theirs, reverse=True)


def test_a_model_that_is_seldom_right_moves_less() -> None:
    word = {"model": Word(0.9, first=True)}
    seldom, often = (pooled(PRIOR, word, Trust(model=m))["model"] for m in (0.3, 0.9))
    assert PRIOR["model"] < seldom < often


def test_a_playbook_that_is_always_right_is_not_overruled() -> None:
    sure = {"floor": 0.99, "model": 0.002}
    words = {"model": Word(1.0, first=True), "floor": Word(disproven=0.9)}
    assert pooled(sure, words, Trust(model=0.8, refuting=0.6))["floor"] > 0.8


def test_where_both_say_the_same_both_are_surer() -> None:
    assert pooled(PRIOR, {"floor": Word(0.8, first=True)}, TRUST)["floor"] > PRIOR["floor"]


def test_a_cause_that_is_disproven_gives_its_share_to_all_others_alike() -> None:
    after = pooled(PRIOR, {"floor": Word(disproven=0.5)}, TRUST)
    none = 1 - sum(after.values())
    assert after["floor"] < PRIOR["floor"]
    assert after["model"] / none == pytest.approx(PRIOR["model"] / 0.16)


def test_whatever_is_said_it_stays_a_distribution() -> None:
    dice = random.Random(7)
    for _ in range(500):
        names = range(dice.randint(1, 9))
        sizes = [dice.random() ** 4 for _ in names]
        whole = sum(sizes) + dice.random()
        prior = {name: size / whole for name, size in zip(names, sizes, strict=True)}
        first = dice.choice(list(names))
        words = {n: Word(dice.random(), dice.random(), n == first) for n in names}
        trust = Trust({n: dice.random() for n in names}, dice.random(), dice.random())
        after = pooled(prior, words, trust)
        assert all(0 <= value <= 1 for value in after.values())
        assert sum(after.values()) <= 1 + 1e-9
