"""What a service without objectives may promise, as a team would write it down: OpenSLO's YAML, to
be corrected. Nothing counts it before somebody names the file in warroom.yaml.
"""

import json

from ..promql import SeriesScope
from ..recipes import Quantile
from ..signal_catalogue import FAILED, REQUEST_SECONDS, REQUESTS
from .openslo import VERSION

ANSWERED, QUICK = 0.999, 0.99
FILL_IN = "FILL_IN"


def proposed_objectives(service: str) -> str:
    """99.9% answered, and the p99 of its own past, which a person fills in, kept 99%."""
    scope = SeriesScope(service, "5m")
    every = scope.over("rate", REQUESTS)
    failed = scope.over("rate", REQUESTS, FAILED.matcher)
    p99 = Quantile(metric=REQUEST_SECONDS, q=QUICK).promql(scope)
    ratio = f"ratioMetric: {{bad: {_metric(failed)}, total: {_metric(every)}}}"
    lasting = f"{{target: {QUICK}, op: lte, value: {FILL_IN}}}"
    past = f"seconds, its own past: quantile_over_time({QUICK}, ({p99})[28d:5m])"
    return "---\n".join(
        (
            _slo("availability", service, f"{{target: {ANSWERED}}}", ratio),
            f"# {FILL_IN}: {past}\n"
            + _slo("latency", service, lasting, f"thresholdMetric: {_metric(p99)}"),
        )
    )


def _slo(name: str, service: str, target: str, indicator: str) -> str:
    return f"""\
apiVersion: {VERSION}
kind: SLO
metadata: {{name: {name}}}
spec:
  service: {json.dumps(service)}
  timeWindow: [{{duration: 28d}}]
  objectives: [{target}]
  indicator:
    spec:
      {indicator}
"""


def _metric(query: str) -> str:
    quoted = query.replace("'", "''")
    return f"{{metricSource: {{spec: {{query: '{quoted}'}}}}}}"
