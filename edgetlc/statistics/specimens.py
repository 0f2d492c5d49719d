"""Specimens: photos of one herb piece share its fate, so the piece is what counts.

Photos come in an order that does not depend on the answers, such as by time or path.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from edgetlc.errors import InputError

Groups = Sequence[Hashable] | NDArray[np.int64]
"""Specimen id of every photo; None where a photo shows a specimen of its own."""


def number_specimens(groups: Groups, photos: int) -> NDArray[np.int64]:
    """Return each photo's specimen as int64[photos], numbered from 0 by first appearance.

    Raises:
        InputError: there is not one id per photo.
    """
    if len(groups) != photos:
        raise InputError(
            "{ids} specimen ids for {photos} photos; give one id per photo",
            ids=len(groups),
            photos=photos,
        )
    if isinstance(groups, np.ndarray):
        _ids, first, of_photo = np.unique(groups, return_index=True, return_inverse=True)
        return np.argsort(np.argsort(first))[of_photo]
    numbers: dict[Hashable, int] = {}
    of_photos = [
        numbers.setdefault(("alone", row) if group is None else ("together", group), len(numbers))
        for row, group in enumerate(groups)
    ]
    return np.array(of_photos, dtype=np.int64)


def is_first(specimens: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which photos are the first of their specimen, bool[n], from `number_specimens`."""
    return np.diff(np.maximum.accumulate(specimens), prepend=-1) > 0


def one_each(specimens: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the row of one photo of every specimen: its first, second, third ... in turn.

    In turn, so that where every specimen is photographed in the same order of cameras or poses,
    each of these has its share and not only the first.
    """
    sizes = np.bincount(specimens)
    begin = np.cumsum(sizes) - sizes
    turn = np.arange(len(sizes)) % sizes
    return np.argsort(specimens, kind="stable")[begin + turn]
