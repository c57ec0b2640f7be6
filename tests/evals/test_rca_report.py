"""`warroom eval rca --report`: a page and a picture for every failure, and none for the others."""

from xml.etree import ElementTree

import pytest

from warroom.evals.rca.answers import Blamed, RcaAnswer, Reason
from warroom.evals.rca.cases import rca_cases
from warroom.evals.rca.picture import bars, picture
from warroom.evals.rca.report import page
from warroom.evals.rca.results import RcaRun
from warroom.tests.support.consoles import CommandLine
from warroom.tests.support.rca_folder import write_folder

WHY = Blamed(
    **{"service": "web", "kind": "bad deploy", "confidence": 0.7, "missing": ["spans of web"]},
    reasons=[
        Reason(text="quiet <b>|", weight=-0.5, seen=[]),
        Reason(text="errors rise", weight=2, seen=[("cart", "calls from web")]),
    ],
)
ANSWER = RcaAnswer(scores={"web": 0.7, "bank": 0.1}, probability=0.7, blamed=[WHY])


@pytest.fixture
def root(tmp_path):
    return write_folder(tmp_path / "rca")


@pytest.fixture
def shop(root):
    return rca_cases(root, ["shop"])[0]


def words(svg):
    """Every text of a picture, which must be XML."""
    return [node.text for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("text")]


def run(**more):
    facts = {"set": "shop", "id": "a1", "method": "floor", "fault_type": "code"}
    return RcaRun(**facts, guilty="cart", culprit="abc", answer=ANSWER, **more)


def test_the_page_says_why_this_one_and_why_not_the_other():
    text = page(run(), "picture.svg")
    assert "# shop/a1: floor names web, guilty is cart" in text
    assert "- the guilty service's rank: none, it has no score" in text
    for_it, against = text.index("- for (+2.00): errors rise"), text.index("- against (-0.50)")
    assert text.index("## Why web") < for_it < against < text.index("## Why not cart")
    assert "- missing: spans of web" in text
    assert "No hypothesis was about it." in text
    assert "quiet &lt;b>\\|" in text


def test_nobody_and_several():
    nobody, several = RcaAnswer(), RcaAnswer(scores={"web": 1, "db": 1})
    texts = [page(run().model_copy(update={"answer": one}), "p") for one in (nobody, several)]
    assert "floor names nobody, guilty is cart" in texts[0]
    assert "floor names several alike" in texts[1]
    assert all("## Why nobody" not in text and "gives no reasons" in text for text in texts)


def test_bars_tell_the_guilty_by_words_and_pattern():
    parts, height = bars({"a": 3.0, "b": 3.0, "c": 1.0}, "", "b")
    svg = f"<svg>{''.join(parts)}</svg>"
    assert words(svg) == ["a", "3", "b", "3 · GUILTY, rank 2", "c", "1"]
    assert svg.count("url(#guilty)") == 1
    assert height == 72
    many, _ = bars({f"s{n}": float(-n) for n in range(9)}, "s0", "s8")
    assert len(words(f"<svg>{''.join(many)}</svg>")) == 14  # six, and the guilty one
    assert words(f"<svg>{''.join(bars({}, '', 'b')[0])}</svg>") == ["b", "no score · GUILTY"]


def test_the_picture_draws_what_the_answer_rests_on(shop):
    said = words(picture(shop, ANSWER, "cart", "title <&>"))
    assert "title <&>" in said
    assert {"named: web", "guilty: cart"} <= set(said)
    assert "calls from web, ms" in said or "calls from web, errors" in said  # it is cited
    assert said.count("detected") == 4


def test_a_service_of_which_nothing_is_recorded(shop):
    said = words(picture(shop, RcaAnswer(), "bank", "t"))
    assert "guilty: bank (nothing of it is recorded)" in said


def test_named_and_guilty_in_one(shop):
    answer = RcaAnswer(scores={"cart": 1.0})
    assert "named and guilty: cart" in words(picture(shop, answer, "cart", "t"))


def test_the_command(root, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WARROOM_RCA_CASES", str(root))
    warroom, folder = CommandLine(tmp_path / "home", monkeypatch, capsys), tmp_path / "why"
    said = warroom("eval", "rca", "--method", "baro,random", "--report", str(folder))
    assert said.code == 0
    names = sorted(file.name for file in folder.iterdir())
    assert names == ["README.md", "bare-b1-baro.md", "bare-b1-baro.svg"]
    assert "1 of 2 answers do not name" in (folder / "README.md").read_text()
    assert "(bare-b1-baro.svg)" in (folder / "bare-b1-baro.md").read_text()
    assert "failures with a page each: 1" in said.out


def test_a_folder_that_cannot_be_made(root, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WARROOM_RCA_CASES", str(root))
    warroom = CommandLine(tmp_path / "home", monkeypatch, capsys)
    said = warroom("eval", "rca", "--method", "baro", "--report", str(root / "truth.json"))
    assert said.code == 2
    assert "name another folder" in said.err
