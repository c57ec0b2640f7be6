"""A team's own catalogue and objectives: what is taken of Backstage's and OpenSLO's files, and what
is said of the rest."""

from pathlib import Path

import pytest

from warroom.telemetry.catalogue.files import MOST_BYTES, Declared, read_declared
from warroom.telemetry.catalogue.proposal import FILL_IN, proposed_objectives
from warroom.telemetry.model import Objective, Service
from warroom.yaml_tables import DEEPEST

SHOP = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout
  description: takes orders
  annotations:
    backstage.io/kubernetes-label-selector: app=checkout-api,tier=backend
    argocd/app-name: shop-checkout
    github.com/project-slug: shop/checkout
spec:
  type: service
  lifecycle: production
  owner: group:default/orders
  tier: "1"
  dependsOn: [component:default/payments, resource:orders-db, ledger]
  consumesApis: [stock]
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: payments}
spec: {type: service, lifecycle: experimental, owner: money}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: Inventory, namespace: goods}
spec: {type: service, owner: unknown, providesApis: [default/stock], dependsOn: }
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: orders-db}
spec: {type: database, owner: orders, dependencyOf: [component:payments]}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: stock}
spec: {type: openapi}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: orders}
spec: {type: team, profile: {displayName: Team Orders}, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Location
metadata: {name: more}
spec: {targets: [./more.yaml]}
"""
SLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: orders-taken, displayName: Orders are taken}
spec:
  service: checkout
  indicatorRef: taken
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.995}]
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: taken}
spec:
  ratioMetric:
    counter: true
    good:
      metricSource:
        metricSourceRef: prom
        spec: {query: 'sum(rate(orders_total{code!~"5.."}[5m]))'}
    total: {metricSource: {metricSourceRef: prom, spec: {query: orders_total}}}
---
apiVersion: openslo/v1
kind: DataSource
metadata: {name: prom}
spec: {type: Prometheus, connectionDetails: {url: http://elsewhere}}
"""


def declared(folder: Path, catalog: str = "", slo: str = "") -> Declared:
    for name, text in (("catalog-info.yaml", catalog), ("slo.yaml", slo)):
        (folder / name).write_text(text)
    return read_declared([folder / "catalog-*.yaml"], [folder / "slo.yaml"])


def services(found: Declared) -> dict[str, Service]:
    assert found.faults == ()
    return {one.name: one for one in found.catalogue.services}


def test_what_runs_is_a_service_with_owner_tier_kind_and_callees(tmp_path):
    found = declared(tmp_path, SHOP)
    known = services(found)
    assert known.keys() == {"checkout-api", "payments", "Inventory", "orders-db"}
    checkout = known["checkout-api"]
    assert (checkout.team, checkout.tier, checkout.kind) == ("Team Orders", 1, "service")
    assert checkout.depends_on == ["payments", "orders-db", "ledger", "Inventory"]
    assert (known["payments"].tier, known["payments"].team) == (3, "money")
    assert known["payments"].depends_on == ["orders-db"]
    assert known["Inventory"].team == ""
    assert known["orders-db"].kind == "database"
    assert found.elsewhere["checkout-api"] == ("shop-checkout", "shop/checkout")
    assert [text.partition(": ")[2] for text in found.says] == [
        "backstage.io/v1alpha1 Location tells nothing that is used here",
        "depends on component:default/ledger, which no file describes: taken by its name",
    ]
    assert found.told == "4 services, 5 dependencies, 0 objectives of 2 files"


COMPONENT = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: a}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (COMPONENT + "spec:\n  dependsOn:\n  - a:b:c\n", ":6: spec.dependsOn.0: no entity is call"),
        (COMPONENT + "spec: {owner: x}\nspec: {}\n", ":5: spec stands here twice: keep one"),
        (
            COMPONENT.replace("{name: a}", "{name: '../a'}"),
            ":3: metadata.name: String should match",
        ),
        (COMPONENT.replace("{name: a}", "{}"), ":3: metadata: it lacks `name`: add the key"),
        (
            COMPONENT.replace("{name: a}", "{name: a, annotations: {warroom/rto: soon}}"),
            ":3: metadata.annotations: warroom/rto, warroom/rpo: write a duration",
        ),
        (COMPONENT + "---\n" + COMPONENT, ":5: component:default/a is described at"),
        (COMPONENT + "spec: [\n", "not YAML"),
        ("? [a]\n: b\n", ":1: a key is a word"),
        ("a: \x00", ":1: not YAML, unacceptable character"),
        ("[" * 100_000, f":1: more than {DEEPEST} levels deep: write it flatter"),
        ("a: &a [*a]\n", "not YAML"),
        ("#" * (MOST_BYTES + 1), f"larger than {MOST_BYTES} bytes: split it"),
    ],
)
def test_what_cannot_be_used_says_file_line_reason_and_cure(tmp_path, text, said):
    found = declared(tmp_path, text)
    assert len(found.faults) == 1
    assert found.faults[0].startswith(str(tmp_path / "catalog-info.yaml"))
    assert said in found.faults[0]


def test_a_broken_document_costs_the_others_nothing(tmp_path):
    broken = COMPONENT.replace("metadata: {name: a}", "metadata: 3")
    found = declared(tmp_path, broken + "---\n" + COMPONENT)
    assert [one.name for one in found.catalogue.services] == ["a"]
    assert len(found.faults) == 1


def test_aliases_do_not_grow(tmp_path):
    """A document of a kilobyte that would be read as billions of words."""
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 9}]\n" for n in range(1, 12))
    assert len(declared(tmp_path, bomb).says) == 1


def test_a_path_without_files_is_a_fault(tmp_path):
    assert "there is no such file" in read_declared([tmp_path / "*.yaml"], []).faults[0]


def objective(folder: Path, text: str) -> Objective:
    (found,) = services(declared(folder, slo=text))["checkout"].slos
    return found


def test_a_ratio_is_an_availability_counted_by_its_own_queries(tmp_path):
    found = objective(tmp_path, SLO)
    assert (found.name, found.sli, found.objective) == ("orders-taken", "availability", 0.995)
    assert found.window_s == 28 * 86_400
    assert found.counting
    assert found.counting.datasource == "prom"
    assert found.counting.part == 'sum(sum(increase(orders_total{code!~"5.."}[$step])))'
    assert found.counting.total == "sum(increase(orders_total[$step]))"


def test_bad_events_a_bucket_and_a_threshold_are_understood(tmp_path):
    bad = objective(tmp_path, SLO.replace("    good:", "    bad:"))
    assert bad.counting
    assert bad.counting.bad
    bucket = 'sum(increase(orders_seconds_bucket{le="0.3"}[5m]))'
    quick = objective(tmp_path, SLO.replace('sum(rate(orders_total{code!~"5.."}[5m]))', bucket))
    assert (quick.sli, quick.threshold_ms) == ("latency", 300)
    text = SLO[: SLO.index("  ratioMetric")] + (
        "  thresholdMetric: {metricSource: {spec: {query: 'histogram_quantile(0.9, sum by (le) "
        "(rate(istio_request_duration_milliseconds_bucket[5m])))'}}}\n"
    )
    level = objective(
        tmp_path, text.replace("{target: 0.995}", "{target: 0.9, op: lt, value: 250}")
    )
    assert (level.sli, level.threshold_ms) == ("latency", 250)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("indicatorRef: taken", "indicatorRef: gone", "no file describes its indicator gone"),
        ("query: orders_total", "query: 'avg(orders_total)'", "counts no events"),
        ("query: orders_total", "query: 'orders_total offset 1d'", "offset are not taken"),
        ("query: orders_total", "query: 'orders_total{'", "counts no events"),
        ("query: orders_total", f"query: '{'+'.join(['a'] * 1400)}'", "2000 characters at most"),
        ("type: Prometheus", "type: Datadog", "it is measured by Datadog"),
        ("Occurrences", "Timeslices", "Timeslices of a ratio are not counted here"),
        ("    total:", "    raw:", "counted by `total` with `good` or `bad`"),
    ],
)
def test_an_objective_that_is_none_of_ours_is_left_out_and_said(tmp_path, old, new, said):
    found = declared(tmp_path, slo=SLO.replace(old, new))
    assert found.faults == ()
    assert found.catalogue.services == []
    assert "orders-taken is left out: " in found.says[0]
    assert said in found.says[0]


def test_a_wrong_objective_says_line_and_cure(tmp_path):
    found = declared(tmp_path, slo=SLO.replace("0.995", "99.5").replace("28d", "28 days"))
    assert [text.partition("slo.yaml")[2][:40] for text in found.faults] == [
        ":7: spec.timeWindow.0.duration: write a ",
        ":9: spec.objectives.0.target: at most 1 ",
    ]
    assert "write openslo/v1" in declared(tmp_path, slo="apiVersion: openslo/v1alpha\n").faults[0]


def test_an_objective_is_its_component_s_whatever_telemetry_calls_it(tmp_path):
    known = services(declared(tmp_path, SHOP, SLO))
    assert [one.name for one in known["checkout-api"].slos] == ["orders-taken"]


@pytest.mark.parametrize("name", ["checkout", "a 'b' \"c\": {d}"])
def test_what_is_proposed_can_be_read_once_a_person_filled_it_in(tmp_path, name):
    """§6: targets of availability and latency, of a service that has none."""
    text = proposed_objectives(name)
    assert "number" in declared(tmp_path, slo=text).faults[0]  # never as it stands
    [service] = services(declared(tmp_path, slo=text.replace(f"value: {FILL_IN}", "value: 0.8")))
    found = services(declared(tmp_path, slo=text.replace(f"value: {FILL_IN}", "value: 0.8")))
    assert service == name
    answered, quick = found[name].slos
    assert (answered.sli, answered.objective, answered.window_s) == ("availability", 0.999, 2419200)
    assert (quick.sli, quick.objective, quick.threshold_ms) == ("latency", 0.99, 800)
