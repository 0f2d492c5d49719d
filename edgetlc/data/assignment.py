"""Assigning clusters of photos to parts, or to folds, so that each is like the set.

Vocabulary:
    cluster  photos that stay in one part: those of one file content, of one piece or one batch of a
             class, of one group, and whatever a caller links besides, by chains of these
    stratum  the photos of one class, or those of one class and one camera

Method: greedy, after K. Sechidis, G. Tsoumakas, I. Vlahavas, "On the stratification of multi-label
data" (2011), with whole clusters in the place of examples. The largest cluster comes first, and
among equally large ones the order is drawn by the seed. Each goes to the part where it lowers most
(or raises least) the chi-square distance from the wanted counts,

    sum over strata and parts of (photos there - wanted)^2 / wanted,   wanted = ratio * stratum.

A class comes into every part as far as its clusters go, those parts first that need it most: of
training, validation and test, one with three or more clusters comes into all three, one with two
into training and test. To that end the last clusters of a class that still lacks a part have no
other choice.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Generic, TypeVar

from edgetlc.data.duplicates import connected
from edgetlc.data.photos import Part, Photo

Bin = TypeVar("Bin", bound=Hashable)
"""A part of a split, or the number of a fold."""

Stratum = tuple[str] | tuple[str, str | None]
"""A class; or a class and a camera's id, None for unknown cameras."""

MOST_NEEDED: tuple[Part, ...] = ("train", "test", "val")
"""The parts in the order in which a class with few clusters comes into them."""


@dataclass(frozen=True)
class Cluster:
    """Photos that stay in one part."""

    id: str  # whatever the order of the photos; the seed's draw depends on it
    members: tuple[int, ...]  # indices of the photos
    counts: Mapping[tuple[str, str | None], int]  # photos by class and camera

    @cached_property
    def labels(self) -> Counter[str]:
        """Photos by class."""
        labels: Counter[str] = Counter()
        for (label, _), count in self.counts.items():
            labels[label] += count
        return labels

    @cached_property
    def strata(self) -> dict[Stratum, int]:
        """Photos by stratum; each photo counts in two."""
        strata: dict[Stratum, int] = {(label,): count for label, count in self.labels.items()}
        return strata | dict(self.counts)


def clusters_of(
    photos: Sequence[Photo], digests: Sequence[str], links: Iterable[tuple[int, int]] = ()
) -> list[Cluster]:
    """Return the clusters of some photos; their names depend on contents and classes only.

    `digests` are the SHA-256 of each one's file, `links` pairs of indices that belong together
    besides.
    """
    clusters = []
    for members in connected(len(photos), [*_named_links(photos, digests), *links]):
        contents = "\n".join(sorted(f"{digests[i]} {photos[i].label}" for i in members))
        name = f"cluster-{hashlib.sha256(contents.encode()).hexdigest()[:16]}"
        counts = Counter((photos[i].label, photos[i].camera) for i in members)
        clusters.append(Cluster(name, members, counts))
    return clusters


def _named_links(photos: Sequence[Photo], digests: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield links between photos of one content, one piece or batch of a class, or one group.

    Batches are numbered by material, so one number in two classes is two batches.
    """
    together: defaultdict[Hashable, list[int]] = defaultdict(list)
    for index, (photo, digest) in enumerate(zip(photos, digests, strict=True)):
        together["content", digest].append(index)
        if photo.batch is not None:
            together["batch", photo.label, photo.batch].append(index)
        if photo.piece is not None:
            together["piece", photo.label, photo.piece].append(index)
        if photo.group is not None:
            together["group", photo.group].append(index)
    for members in together.values():
        yield from pairwise(members)


def assign(
    clusters: Sequence[Cluster], ratios: Mapping[Bin, float], seed: int, most_needed: Sequence[Bin]
) -> list[Bin]:
    """Return the part of each cluster; their order does not change it.

    Ratios are the wanted share of each part, above 0, together 1. A class with few clusters comes
    into the first of the `most_needed`, which are all parts.
    """
    assignment = _Assignment(clusters, ratios, most_needed)

    def turn(index: int) -> tuple[int, bytes]:
        cluster = clusters[index]
        drawn = hashlib.sha256(f"{seed} {cluster.id}".encode()).digest()
        return -len(cluster.members), drawn

    order = sorted(range(len(clusters)), key=turn)
    parts = {index: assignment.place(clusters[index]) for index in order}
    return [parts[index] for index in range(len(clusters))]


class _Assignment(Generic[Bin]):
    """What was assigned so far."""

    def __init__(
        self, clusters: Sequence[Cluster], ratios: Mapping[Bin, float], most_needed: Sequence[Bin]
    ) -> None:
        self._ratios = ratios
        self._parts = most_needed
        self._total: Counter[Stratum] = Counter()
        self._waiting: Counter[str] = Counter()  # clusters not yet placed, by class
        self._filled: dict[Bin, Counter[Stratum]] = {part: Counter() for part in most_needed}
        for cluster in clusters:
            self._total.update(cluster.strata)
            self._waiting.update(cluster.labels.keys())
        self._due = {
            label: set(most_needed[:count]) for label, count in self._waiting.items()
        }  # parts that a class has yet to come into

    def place(self, cluster: Cluster) -> Bin:
        """Choose a part for the next cluster."""
        part = min(self._allowed(cluster), key=lambda part: self._change(cluster, part))
        self._filled[part].update(cluster.strata)
        self._waiting.subtract(cluster.labels.keys())
        for label in cluster.labels:
            self._due[label].discard(part)
        return part

    def _allowed(self, cluster: Cluster) -> Sequence[Bin]:
        """Return the parts to choose from: all, unless a class runs out of clusters."""
        urgent: Counter[Bin] = Counter()
        for label in cluster.labels:
            if self._waiting[label] <= len(self._due[label]):
                urgent.update(self._due[label])
        most = max(urgent.values(), default=0)
        return [part for part in self._parts if urgent[part] == most]

    def _change(self, cluster: Cluster, part: Bin) -> float:
        """Return by how much the cluster in `part` changes the chi-square distance."""
        change = 0.0
        for stratum, count in cluster.strata.items():
            wanted = self._ratios[part] * self._total[stratum]
            change += count * (2 * (self._filled[part][stratum] - wanted) + count) / wanted
        return change
