"""Recorded surprises are answered again: both layouts, the cut, every question met and missed."""

import json
import tarfile
from contextlib import closing

import pytest

from warroom.drills.keep import snapshot
from warroom.drills.surprise.truth import Truth
from warroom.errors import InputError
from warroom.evals.incidents.cases import unpacked
from warroom.evals.unannounced.__main__ import TRIVIAL, Answer, answer, main
from warroom.evals.unannounced.recordings import Rubrics, cut, recordings
from warroom.incident.severity import Severity
from warroom.telemetry.alerts import read_alerts
from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.sources.source import EVER
from warroom.tests.support.bundles import START, BundleWriter
from warroom.yaml_tables import read_table

pytestmark = pytest.mark.thorough

TRUTH = Truth(
    mechanism="raises",
    group="errors",
    place="checkout",
    cause="The new release of checkout raises an error.",
    accept=("checkout",),
    level=(Severity.P0, Severity.P1, Severity.P2),
    facts={"who": r"\bcheckout\b", "change": r"release|deploy|version"},
    cures=("roll back checkout",),
    symptoms=(),
    loud="",
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder with one drill as `--keep` leaves it."""
    folder = tmp_path_factory.mktemp("kept")
    snapshot(unpacked("bad-deploy", folder / "packed"), folder / "surprise-001")
    write(folder, TRUTH)
    return folder


def write(folder, truth: Truth) -> None:
    content = json.dumps(truth.to_json())
    (folder / "surprise-001.truth.json").write_text(content, encoding="utf-8")


def met(found: Answer) -> dict[str, bool | None]:
    return {check.name: check.met for check in found.checks}


def test_a_right_answer_meets_every_question_and_a_wrong_one_none(kept, tmp_path) -> None:
    (fault,) = recordings(kept, tmp_path)
    found = answer(fault)
    assert met(found) == {
        "level": True,
        "place": True,
        "cause": True,
        "noise": True,
        "harm": True,
        TRIVIAL: fault.alert.service == "checkout",
    }
    wrong = {
        "accept": ("payments",),
        "level": (Severity.P3,),
        "cures": (),
        "facts": {"who": "moon"},
    }
    write(kept, TRUTH.model_copy(update=wrong))
    (fault,) = recordings(kept, tmp_path)
    assert set(met(answer(fault)).items()) >= {
        ("level", False),
        ("place", False),
        ("cause", False),
        ("harm", False),
    }
    write(kept, TRUTH)


def test_the_table_is_printed_and_kept(kept, tmp_path, capsys) -> None:
    file = tmp_path / "found.json"
    main([str(kept), "--words", "--json", str(file)])
    said = capsys.readouterr().out
    assert "surprise-001" in said
    assert "The new release of checkout raises an error." in " ".join(said.split())
    (row,) = json.loads(file.read_text())
    assert row["move"] == "roll back checkout"


def test_what_came_after_the_cut_is_not_there(tmp_path) -> None:
    with BundleWriter(tmp_path / "bundle") as bundle:
        for second in range(10):
            bundle.metric(START + second, "up", "payments", 1)
            bundle.log(START + second, "payments", "ready")
    cut(tmp_path / "bundle", START + 4)
    with closing(read_bundle(tmp_path / "bundle")) as telemetry:
        assert {line.ts for line in telemetry.logs(EVER)} == {START + s for s in range(5)}


def test_a_published_recording_is_unpacked_and_cut(tmp_path, monkeypatch) -> None:
    rubrics = read_table("evals/unannounced/rubric.yaml", Rubrics)
    name = next(iter(rubrics))
    with BundleWriter(tmp_path / "bundle") as bundle:
        bundle.metric(START, "up", "payments", 1)
        bundle.metric(START + 60, "up", "payments", 0)
    alert = json.dumps({"name": "Down", "service": "payments", "severity": "warning"})
    taken = read_alerts(alert.encode())[0].model_dump_json()
    (tmp_path / "bundle" / "alert-as-taken.json").write_text(taken)
    published = tmp_path / "published"
    published.mkdir()
    with tarfile.open(published / f"{name}.tar.xz", "w:xz") as archive:
        for file in (tmp_path / "bundle").iterdir():
            archive.add(file, file.name)
    truth = {"id": name, "alerted": START, "place": "payments", "cause": "it hangs"}
    (published / "truth.json").write_text(json.dumps([truth]))
    (fault,) = recordings(published, tmp_path / "work")
    assert fault.truth.accept == rubrics[name].accept
    kept = (fault.bundle / "metrics").rglob("*.jsonl")
    assert sum(len(file.read_text().splitlines()) for file in kept) == 1


def test_a_folder_without_recordings_says_how_to_get_some(tmp_path) -> None:
    with pytest.raises(InputError, match="--keep"):
        next(recordings(tmp_path, tmp_path))
