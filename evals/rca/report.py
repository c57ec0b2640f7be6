"""`warroom eval rca --report DIR`: a page with a picture for every failure, and a list of them.

Written after the answers are scored, from what the runs keep: no truth is opened here.
"""

from pathlib import Path
from re import sub

from ...errors import InputError
from ...prompts.values import data, plain
from .answers import Blamed, Reason
from .cases import RcaCase
from .marks import rank
from .picture import picture
from .results import RcaEvaluation, RcaRun

PAGE = "README.md"
"""The list of the pages."""


def folder_for(report: Path) -> Path:
    """The folder, made where it is not there. Raises InputError where that is not possible."""
    try:
        report.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{report} cannot be made ({error}); name another folder") from error
    return report


def write_report(folder: Path, found: RcaEvaluation, cases: list[RcaCase]) -> list[Path]:
    """Write everything; the pages of the failures, in the order of the runs."""
    known = {case.name: case for case in cases}
    failures = [run for run in found.runs if failed(run)]
    pages = [_written(folder, run, known[f"{run.set}/{run.id}"]) for run in failures]
    (folder / PAGE).write_text(_listed(found, failures, pages), encoding="utf-8")
    return pages


def failed(run: RcaRun) -> bool:
    """Whether it named another service than the guilty one, or none. Chance has no page."""
    return run.marks is not None and run.answer is not None and run.marks.at[0] < 1


def _written(folder: Path, run: RcaRun, case: RcaCase) -> Path:
    name = sub(r"[^\w.-]", "-", f"{run.set}-{run.id}-{run.method}")
    drawing = picture(case, run.answer, run.guilty, headline(run, 38)) if run.answer else ""
    (folder / f"{name}.svg").write_text(drawing, encoding="utf-8")
    file = folder / f"{name}.md"
    file.write_text(page(run, f"{name}.svg"), encoding="utf-8")
    return file


def _listed(found: RcaEvaluation, failures: list[RcaRun], pages: list[Path]) -> str:
    scored = [run for run in found.runs if run.marks and run.answer]
    head = f"# {len(failures)} of {len(scored)} answers do not name the guilty service\n"
    lines = [
        f"- [{data(headline(run))}]({file.name})" for run, file in zip(failures, pages, strict=True)
    ]
    return "\n".join([head, *lines]) + "\n"


NOBODY, SEVERAL = "nobody", "several alike"


def page(run: RcaRun, picture: str) -> str:
    """The page; `picture` is the name of its file."""
    named = _named(run)
    lines = [f"# {data(headline(run))}\n", f"![Scores and signals]({picture})\n", *_facts(run)]
    lines += _about(run, named, f"Why {data(named)}") if named not in (NOBODY, SEVERAL) else []
    lines += _about(run, run.guilty, f"Why not {data(run.guilty)}, which was guilty")
    others = [one for one in _blamed(run) if one.service not in (named, run.guilty)]
    if others:
        lines.append("## Also considered\n")
        lines += [line for one in others for line in _hypothesis(one)]
    return "\n".join(lines) + "\n"


def headline(run: RcaRun, longest: int = 200) -> str:
    """One line: the case, the method, who was named and who was guilty; names cut to `longest`."""
    named, guilty = (plain(name, longest) for name in (_named(run), run.guilty))
    return f"{run.set}/{run.id}: {run.method} names {named}, guilty is {guilty}"


def _named(run: RcaRun) -> str:
    answer = run.answer
    if answer is None or not answer.scores:
        return NOBODY
    return answer.first() or SEVERAL


def _blamed(run: RcaRun) -> list[Blamed]:
    return run.answer.blamed if run.answer else []


def _facts(run: RcaRun) -> list[str]:
    answer = run.answer
    if answer is None:
        return []
    place = rank(answer.scores, run.guilty)
    sure = "not stated" if answer.probability is None else f"{answer.probability:.0%}"
    facts = [
        f"the guilty service's rank: {place or 'none, it has no score'}",
        f"kind of fault: said {data(answer.kind) or 'nothing'}, is {data(run.fault_type)}",
        f"probability of the first: {sure}",
    ]
    if run.culprit is not None and answer.commit is not None:
        said = data(answer.commit) or "no word"
        facts.append(f"commit: said {said}, is {data(run.culprit)}")
    return [*(f"- {fact}" for fact in facts), ""]


def _about(run: RcaRun, service: str, title: str) -> list[str]:
    """Every hypothesis about a service."""
    found = [one for one in _blamed(run) if one.service == service]
    lines = [line for one in found for line in _hypothesis(one)]
    if not _blamed(run):
        lines = ["The method gives no reasons: see the scores in the picture.\n"]
    return [f"## {title}\n", *(lines or ["No hypothesis was about it.\n"])]


def _hypothesis(one: Blamed) -> list[str]:
    ruled = f"; ruled out: {data(one.ruled_out)}" if one.ruled_out else ""
    head = f"**{data(one.service)}: {data(one.kind)}**, {one.confidence:.0%}{ruled}\n"
    lines = [f"- {_sign(reason)}: {data(reason.text)}" for reason in _ordered(one)]
    lines += [f"- missing: {data(what)}" for what in one.missing]
    return [head, *(lines or ["- no argument"]), ""]


def _ordered(one: Blamed) -> list[Reason]:
    return sorted(one.reasons, key=lambda reason: -reason.weight)


def _sign(reason: Reason) -> str:
    return f"{'for' if reason.weight >= 0 else 'against'} ({reason.weight:+.2f})"
