"""Which of two models is right more often, on photos that come in specimens.

Photos of one specimen share its fate, so a test that counts photos finds differences where there
are none: simulated in `tests/statistics/test_sign_test.py`, at 5 % it does in 14 to 51 % of cases.
Here a specimen counts once, as better or worse by most of its photos that turn, and not at all
where these are level. McNemar's test on specimens is then a sign test; its null hypothesis is that
a specimen is as likely to be better as worse. With mid-p (Lancaster 1961) it is not exact: it keeps
5 % on average over the number of specimens that turn, not for each number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def turned(
    before: NDArray[np.bool_], after: NDArray[np.bool_], specimens: NDArray[np.int64]
) -> tuple[int, int]:
    """Return how many specimens get worse, and how many better, from `before` to `after`.

    Both tell whether each photo is answered rightly, bool[n]; `specimens` are the photos' own,
    int64[n], from `edgetlc.statistics.specimens.number_specimens`. The counts are for
    `edgetlc.statistics.paired.mcnemar_mid_p`.
    """
    net = np.bincount(specimens, after.astype(np.int64) - before.astype(np.int64))
    return int((net < 0).sum()), int((net > 0).sum())
