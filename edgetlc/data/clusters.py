"""Clusters: the photos that a split or a fold never parts.

What stays together: the photos of one file content, of one batch of a class, of one group, and
whatever a caller links besides, by chains of these.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import pairwise

from edgetlc.data.assignment import Cluster
from edgetlc.data.duplicates import connected
from edgetlc.data.photos import Photo


def clusters_of(
    photos: Sequence[Photo], digests: Sequence[str], links: Iterable[tuple[int, int]] = ()
) -> list[Cluster]:
    """Return the clusters of some photos; their names depend on contents and classes only.

    Args:
        photos: all of them.
        digests: SHA-256 of each one's file.
        links: pairs of indices that belong together besides.
    """
    clusters = []
    for members in connected(len(photos), [*_named_links(photos, digests), *links]):
        contents = "\n".join(sorted(f"{digests[i]} {photos[i].label}" for i in members))
        name = f"cluster-{hashlib.sha256(contents.encode()).hexdigest()[:16]}"
        counts = Counter((photos[i].label, photos[i].camera) for i in members)
        clusters.append(Cluster(name, members, counts))
    return clusters


def _named_links(photos: Sequence[Photo], digests: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield links between photos of one file content, one batch of a class, or one group.

    Batches are numbered by material, so one number in two classes is two batches.
    """
    together: defaultdict[Hashable, list[int]] = defaultdict(list)
    for index, (photo, digest) in enumerate(zip(photos, digests, strict=True)):
        together["content", digest].append(index)
        if photo.batch is not None:
            together["batch", photo.label, photo.batch].append(index)
        if photo.group is not None:
            together["group", photo.group].append(index)
    for members in together.values():
        yield from pairwise(members)
