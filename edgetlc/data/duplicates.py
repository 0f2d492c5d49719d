"""Finding photos of one piece in one pose: a picture saved again, cropped, turned, or a burst.

Two steps, so that neither every pair is compared nor a shared table counts as likeness:

1. *Candidates*: a photo's form is 63 coefficients of the cosine transform, as signed roots, less
   the set's mean, which is the table and the colour card that its photos share. A few of the photos
   are pivots; each photo is listed with the pivots that it resembles most, and its form is compared
   only with those in its lists. The eight ways to turn and mirror a photo change but signs and
   places of the coefficients.
2. *Comparison* (`edgetlc.data.likeness`): a candidate is a near-duplicate where the two photos
   agree in their worst place.

docs/near-duplicates.md states what is found, what is missed, and what other measures did.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgetlc.data.likeness import Floats, likeness
from edgetlc.locale import _
from edgetlc.progress import progress
from edgetlc.threads import in_order

Thumbnail = NDArray[np.uint8]
Indices = NDArray[np.int64]

Duplicates = Literal["keep", "group", "refuse"]
"""What to do with near-duplicates: let them be, keep them in one part, refuse the photos."""

DECODED_SIZE = 96
"""Side of a thumbnail, and the size to decode a photo at before `thumbnail`."""
SIMILAR = 0.85
_FORM_SIDE = 32  # pixels that the cosine transform sees
_FORM = 8  # coefficients along each side
_NEIGHBOURS = 4  # a photo's candidates at most
_LISTS = 3  # lists that a photo is in
_BLOCK = 1024
_TURNS = tuple(product((False, True), (1, -1), (1, -1)))  # transposed; then rows, columns reversed


def thumbnail(pixels: NDArray[np.uint8]) -> Thumbnail:
    """Return the grey thumbnail, uint8[96, 96], of a photo, uint8[H, W, 3]."""
    grey = Image.fromarray(pixels).convert("L")
    return np.asarray(grey.resize((DECODED_SIZE, DECODED_SIZE), Image.Resampling.LANCZOS))


def near_duplicates(thumbnails: Sequence[Thumbnail]) -> Iterator[tuple[int, int]]:
    """Yield pairs of near-duplicates as indices (i, j) with i < j.

    Of many alike, pairs that chain them all are enough, so not every pair comes. The order of the
    thumbnails changes nothing. A photo without any edge resembles nothing.
    """
    digests = [hashlib.sha256(photo.tobytes()).digest() for photo in thumbnails]
    order = sorted(range(len(thumbnails)), key=digests.__getitem__)

    def alike(pair: tuple[int, int, int]) -> bool:
        one, (transposed, rows, columns) = thumbnails[order[pair[0]]], _TURNS[pair[2]]
        other = thumbnails[order[pair[1]]]
        other = (other.T if transposed else other)[::rows, ::columns]
        return likeness(one, other) >= SIMILAR

    pairs = _candidates([thumbnails[index] for index in order])
    for (one, other, _turn), found in progress(in_order(alike, pairs), _("compare"), len(pairs)):
        if found:
            i, j = sorted((order[one], order[other]))
            yield i, j


def _candidates(thumbnails: Sequence[Thumbnail]) -> list[tuple[int, int, int]]:
    """Return pairs with the nearest forms, and the turn of the second that brings them nearest.

    Compares forms in time that grows with the power 1.5 of the photos.
    """
    count = len(thumbnails)
    if count < 2:
        return []
    forms = _forms(thumbnails)
    mean = forms.mean(0)
    upright = _unit(forms - mean)
    pivots = upright[:: max(1, round(2 * count**0.5))]
    lists = _lists(upright, pivots)
    rows = []  # query, listed photo, turn, cosine
    for turn, (transposed, down, across) in enumerate(progress(_TURNS, _("find candidates"))):
        turned = forms.transpose(0, 2, 1) if transposed else forms
        signs = np.outer(float(down) ** np.arange(_FORM), float(across) ** np.arange(_FORM))
        queries = _unit(turned * signs.astype(np.float32) - mean)
        for pivot, asking in _lists(queries, pivots).items():
            listed = lists.get(pivot, np.empty(0, np.int64))
            for start in range(0, len(asking) if len(listed) else 0, _BLOCK):
                some = asking[start : start + _BLOCK]
                rows.append(_nearest(some, queries[some], listed, upright[listed], turn))
    return _best(np.concatenate(rows), count)


def _forms(thumbnails: Sequence[Thumbnail]) -> Floats:
    """Return the forms, float32[n, 8, 8], of unit length; the mean grey, [0, 0], is left out."""
    angles = np.outer(np.arange(_FORM), np.arange(_FORM_SIDE) + 0.5) * np.pi / _FORM_SIDE
    cosines = np.cos(angles).astype(np.float32)
    box = DECODED_SIZE // _FORM_SIDE
    forms = np.empty((len(thumbnails), _FORM, _FORM), np.float32)
    for form, photo in zip(forms, thumbnails, strict=True):
        grey = photo.reshape(_FORM_SIDE, box, _FORM_SIDE, box).mean((1, 3), dtype=np.float32)
        form[:] = cosines @ grey @ cosines.T
    forms[:, 0, 0] = 0
    return _unit(np.sign(forms) * np.sqrt(np.abs(forms))).reshape(forms.shape)


def _unit(vectors: Floats) -> Floats:
    """Return the vectors, float32[n, …], flat and of length 1; those of length 0 stay so."""
    flat = vectors.reshape(len(vectors), -1)
    units: Floats = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return units


def _lists(vectors: Floats, pivots: Floats) -> dict[int, Indices]:
    """Return for each pivot the vectors that have it among their nearest."""
    lists: defaultdict[int, list[Indices]] = defaultdict(list)
    number = min(_LISTS, len(pivots))
    for start in range(0, len(vectors), _BLOCK):
        distance = -(vectors[start : start + _BLOCK] @ pivots.T)
        nearest = np.argpartition(distance, number - 1, axis=1)[:, :number]
        for pivot in np.unique(nearest).tolist():
            lists[pivot].append(start + np.flatnonzero((nearest == pivot).any(1)))
    return {pivot: np.concatenate(members) for pivot, members in lists.items()}


def _nearest(
    asking: Indices, queries: Floats, listed: Indices, vectors: Floats, turn: int
) -> Floats:
    """Return rows of query, listed photo, turn and cosine: the nearest few of each query."""
    cosine = queries @ vectors.T
    cosine[asking[:, None] == listed] = -1  # a photo is no candidate of itself
    number = min(_NEIGHBOURS, len(listed))
    places = np.argpartition(-cosine, number - 1, axis=1)[:, :number]
    nearest = np.take_along_axis(cosine, places, 1)
    query, place = np.nonzero(nearest > -1)
    found = listed[places[query, place]]
    turns = np.full(len(query), turn)
    rows = np.column_stack([asking[query], found, turns, nearest[query, place]])
    return rows.astype(np.float32)  # exact for indices up to 2 ** 24


def _best(rows: Floats, count: int) -> list[tuple[int, int, int]]:
    """Return listed photo, query and turn of the nearest few of each query, every pair once."""
    rows = rows[np.lexsort((rows[:, 2], rows[:, 1], -rows[:, 3]))]
    query, found, turn = rows[:, :3].astype(np.int64).T
    pairs = np.minimum(query, found) * count + np.maximum(query, found)
    once = np.sort(np.unique(pairs, return_index=True)[1])  # its best turn
    query, found, turn = query[once], found[once], turn[once]
    taken = np.zeros(count, np.int64)
    best = []
    for q, f, t in zip(query.tolist(), found.tolist(), turn.tolist(), strict=True):
        if taken[q] < _NEIGHBOURS or taken[f] < _NEIGHBOURS:
            taken[[q, f]] += 1
            best.append((f, q, t))
    return best


def connected(count: int, links: Iterable[tuple[int, int]]) -> list[tuple[int, ...]]:
    """Return the connected sets of 0 … count - 1, each in order, ordered by their first member."""
    parent = list(range(count))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for one, other in links:
        parent[root(one)] = root(other)
    sets: dict[int, list[int]] = {}
    for node in range(count):
        sets.setdefault(root(node), []).append(node)
    return [tuple(members) for members in sets.values()]
