"""Who an alert is about: the component, and the scope outside of which nothing is ever joined.

Production never joins staging: an alert that names its environment and one that does not are of two
scopes. Values are compared as written, but for case.
"""

import json
from dataclasses import dataclass

from pydantic import Field

from ..incident.document import Alert
from ..yaml_tables import Entry, read_table

SCOPE = ("cluster", "environment", "namespace", "system")
"""What has to agree between alerts of one incident."""
Names = tuple[str, ...]


class Labels(Entry):
    """Which labels say what an alert is about, in the order in which they are tried."""

    service: Names = Field((), description="the service, or whatever else is worked on as one")
    cluster: Names = Field((), description="where it runs")
    environment: Names = Field((), description="production, staging, …")
    namespace: Names = Field((), description="the part of the cluster")
    system: Names = Field((), description="the product that it belongs to")
    signature: Names = Field((), description="what kind of error it is, the same word each time")
    address: Names = Field((), description="where the requests come from")


DEFAULT = read_table("intake/labels.yaml", Labels)


def labels_with(given: Labels | None) -> Labels:
    """The default lists, but for those that a user set."""
    return DEFAULT.model_copy(update=given.model_dump(exclude_unset=True) if given else {})


@dataclass(frozen=True)
class Identity:
    """Who an alert is about."""

    component: str  # its service; what it is called where it names none
    scope: str  # cluster, environment, namespace, system as JSON: compared as a whole
    signature: str  # of the error; empty: none is named
    address: str  # where requests come from; empty


def identity_of(alert: Alert, labels: Labels = DEFAULT) -> Identity:
    """By its labels; a service that its reader found counts where no label names one."""
    scope = {name: _first(alert, getattr(labels, name)) for name in SCOPE}
    known = {name: value for name, value in scope.items() if value}
    return Identity(
        component=_first(alert, labels.service) or alert.service.casefold() or alert.name,
        scope=json.dumps(known, sort_keys=True, ensure_ascii=False),
        signature=_first(alert, labels.signature),
        address=_first(alert, labels.address),
    )


def _first(alert: Alert, names: Names) -> str:
    return next((alert.labels[name].casefold() for name in names if alert.labels.get(name)), "")
