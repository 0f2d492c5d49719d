"""Specimens: photos of one herb piece share its fate, so the piece is what counts."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Sequence

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


def draws(contents: Iterable[str]) -> NDArray[np.int64]:
    """Return a number in [0, 2^56) for each text, int64[n], by its SHA-256: a lasting draw by lot.

    A photo's number comes from its content, so that neither its place in a list, nor the number of
    photos of its specimen, nor any answer has a say in it.
    """
    lots = (hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest() for text in contents)
    return np.array([int.from_bytes(lot[:7]) for lot in lots], np.int64)


def one_each(specimens: NDArray[np.int64], lots: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the row of one photo of every specimen: the one with the lowest of `lots`, int64[n].

    Taking the first, second, third ... in turn goes wrong where the turn falls in with the order of
    poses and the sizes of specimens, and then never meets the pose that fails.
    """
    order = np.lexsort((lots, specimens))
    return order[np.diff(specimens[order], prepend=-1) > 0]
