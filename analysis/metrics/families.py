"""Histograms and summaries as what they say: how much one of what they counted was.

`FAMILY_sum` grows with the requests however fast each is; over `FAMILY_count` it is their mean
(OpenMetrics' MetricFamily of these types), which rises only where they get slower or larger.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

SUM, COUNT = "_sum", "_count"
Rates = dict[tuple[str, str], NDArray[np.float64]]
"""Increases per second by (service, metric), all of the same shape; NaN is missing."""


def with_means(rates: Mapping[tuple[str, str], NDArray[np.float64]]) -> Rates:
    """The rates with "mean of FAMILY", in the sum's own unit, in place of every sum whose count is
    there; NaN where nothing was counted. A sum alone stays as it is."""
    found = dict(rates)
    for service, name in rates:
        family = name.removesuffix(SUM)
        count = rates.get((service, family + COUNT))
        if name.endswith(SUM) and count is not None:
            summed = found.pop((service, name))
            mean = np.full(summed.shape, np.nan)
            np.divide(summed, count, out=mean, where=count > 0)
            found[service, f"mean of {family}"] = mean
    return found
