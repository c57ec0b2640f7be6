"""Cases: both layouts are read, what cannot be used is refused with a reason, nothing drifts."""

import json

import pytest

from warroom.actions.services import Restart
from warroom.drills.faults import FAULTS
from warroom.errors import AlertError, InputError, NotFound
from warroom.evals.incidents.cases import FOLDER, Truth, cases, recorded
from warroom.evals.incidents.results import raw_paste, windows_of
from warroom.incident.finding import FaultKind
from warroom.incident.severity import Severity
from warroom.tests.support.bundles import START, BundleWriter

ALERT = {"name": "HighErrorRate", "service": "gateway", "severity": "warning"}
TRUTH = {
    "service": "payments",
    "kind": "hung process",
    "severity": "P1",
    "effective_actions": [["restart", "payments"]],
}


def write(file, content):
    file.write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.fixture
def place(tmp_path):
    """A folder with one case in its own layout."""
    case = tmp_path / "cases" / "hang"
    case.mkdir(parents=True)
    with BundleWriter(case / "bundle") as bundle:
        bundle.metric(START, "up", "payments", 1)
    write(case / "alert.json", ALERT)
    write(case / "truth.json", TRUTH)
    write(case / "tags.json", ["process"])
    return case


def test_a_case_folder_is_read(place):
    (case,) = cases(place.parent)
    assert (case.name, case.bundle, case.tags) == ("hang", place / "bundle", ("process",))
    assert (case.alert.service, case.alert.severity) == ("gateway", "warning")
    assert case.truth == Truth(
        service="payments",
        kind=FaultKind.hung_process,
        severity=Severity.P1,
        effective_actions=((Restart.kind, "payments"),),
    )
    assert cases(place) == [case]  # its own folder counts too


def test_what_a_drill_keeps_is_read(tmp_path):
    with BundleWriter(tmp_path / "hung-dependency") as bundle:
        bundle.metric(START, "up", "payments", 1)
        bundle.document("alert.json", ALERT)
    write(tmp_path / "hung-dependency.truth.json", {**TRUTH, "times": {}, "loudest": "checkout"})
    (case,) = cases(tmp_path)
    assert (case.name, case.tags) == ("hung-dependency", ())
    assert case.bundle == tmp_path / "hung-dependency"


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("truth.json", "{", r"truth\.json cannot be read as JSON"),
        ("truth.json", {**TRUTH, "kind": "gremlins"}, r"truth\.json: kind: .*; correct this field"),
        ("truth.json", {**TRUTH, "severity": "SEV-1"}, r"truth\.json: severity"),
        ("truth.json", {**TRUTH, "effective_actions": [["pray", "x"]]}, "effective_actions"),
        ("tags.json", {"a": 1}, r"tags\.json"),
        ("bundle/truth.json", TRUTH, "inside the bundle"),
    ],
)
def test_what_cannot_be_used_is_refused(place, file, content, says):
    write(place / file, content)
    with pytest.raises(InputError, match=says):
        cases(place.parent)


def test_an_unreadable_alert_is_refused(place):
    write(place / "alert.json", "[]")
    with pytest.raises(AlertError, match="holds no alert"):
        cases(place.parent)


@pytest.mark.parametrize(
    ("missing", "says"),
    [("truth.json", "without the truth nothing can be scored"), ("alert.json", "no alert")],
)
def test_what_is_missing_is_named(place, missing, says):
    (place / missing).unlink()
    with pytest.raises(InputError, match=says):
        cases(place.parent)


def test_no_folder_no_case_and_no_such_name(place, tmp_path):
    with pytest.raises(InputError, match="not a directory"):
        cases(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no case"):
        cases(tmp_path / "empty")
    with pytest.raises(NotFound, match="no case 'x'; there are: hang"):
        cases(place.parent, ["x"])


def test_every_recorded_case_has_the_truth_of_its_drill():
    assert {file.name.removesuffix(".tar.xz") for file in FOLDER.glob("*.xz")} == set(FAULTS)
    for name, fault in FAULTS.items():
        known = json.loads((FOLDER / f"{name}.truth.json").read_text())
        wanted = vars(fault.truth)
        assert Truth.model_validate(known) == Truth.model_validate(wanted), name
        assert json.loads((FOLDER / f"{name}.tags.json").read_text()), name


def test_a_recorded_case_unpacks_without_its_truth_in_the_bundle(tmp_path):
    (case,) = recorded(tmp_path, ["no-fault"])
    assert (case.name, case.tags, case.truth.kind) == ("no-fault", ("control",), FaultKind.no_fault)
    assert not [file for file in case.bundle.rglob("*") if "truth" in file.name]
    with pytest.raises(NotFound, match="no case 'gremlins'"):
        recorded(tmp_path / "other", ["gremlins"])


def test_pasting_counts_the_lines_of_both_windows_and_no_other(place):
    with BundleWriter(place / "bundle") as bundle:
        for second in range(900):
            bundle.metric(START + second, "up", "payments", 1)
        bundle.add("metrics/scrape.jsonl", {"name": "half a line, no time"})
    write(place / "alert.json", {**ALERT, "starts_at": START + 800})
    (case,) = cases(place.parent)
    baseline, incident = windows_of(case)
    # Defaults: 60 s before the alert on, and 600 s of health before another 60 s.
    assert (baseline.start, baseline.end) == (START + 80, START + 680)
    assert (incident.start, incident.end) == (START + 740, START + 899)
    paste = raw_paste(case)
    assert paste.lines == 601 + 160
    assert paste.tokens == round(paste.characters / 3.5)
    lines = (place / "bundle" / "metrics" / "scrape.jsonl").read_text().splitlines(keepends=True)
    assert paste.characters == pytest.approx(761 * len(lines[100]), rel=0.01)
