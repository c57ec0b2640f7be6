"""Commits, deploys and flags of a root-cause case as changes of a bundle.

A deploy has the commit's id, and its author, message, files and diff: a deploy is that commit
arriving. A commit names no service, since its files may be shared by many.
"""

from collections.abc import Iterator
from typing import Any

Row = dict[str, Any]


def changes(shipped: dict[str, list[Row]]) -> list[Row]:
    """Every change as bundles have them, oldest first."""
    commits = {row["sha"]: row for row in shipped.get("commits", [])}
    found = [
        *(_commit(row) for row in commits.values()),
        *_deploys(shipped.get("deploys", []), commits),
        *(_flag(row) for row in shipped.get("flags", [])),
    ]
    return sorted(found, key=lambda row: row["at"])


def commits_of(shipped: dict[str, list[Row]]) -> set[str]:
    """Every sha that could be blamed."""
    shas = (row["sha"] for row in shipped.get("commits", []))
    return {*shas, *(row["commit_sha"] for row in shipped.get("deploys", []))}


def _commit(row: Row) -> Row:
    return {"at": row["at"], "kind": "commit", "service": "", "id": row["sha"]} | _work(row)


def _work(commit: Row) -> Row:
    return {
        "author": commit.get("author") or "",
        "summary": commit.get("message") or "",
        "files": commit.get("files_changed") or [],
        "diff": commit.get("diff") or "",
    }


def _deploys(deploys: list[Row], commits: dict[str, Row]) -> Iterator[Row]:
    """Each knows the version that its service had before."""
    running: dict[str, str] = {}
    for row in sorted(deploys, key=lambda row: row["at"]):
        service, version = row["service"], row.get("version") or ""
        facts = {"at": row["at"], "kind": "deploy", "service": service, "id": row["commit_sha"]}
        known = _work(commits.get(row["commit_sha"], {}))
        yield facts | {"version": version, "previous": running.get(service, "")} | known
        running[service] = version


def _flag(row: Row) -> Row:
    before, arrow, after = (row.get("change") or "").partition("->")
    return {
        **{"at": row["at"], "kind": "flag", "service": row.get("service") or "", "id": row["flag"]},
        **{"version": after if arrow else before, "previous": before if arrow else ""},
        **{"author": row.get("actor") or "", "summary": f"{row['flag']}: {row.get('change')}"},
        **{"files": [], "diff": ""},
    }
