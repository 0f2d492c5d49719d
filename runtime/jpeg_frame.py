"""A JPEG's frame header: whether its decoder must keep all coefficients, and how many they are.

A baseline JPEG of one scan is decoded row by row. One in several scans, progressive or not, is
held whole: 2 bytes for each of 64 coefficients of every block.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from edgetlc.errors import ImageError

_MARKER = re.compile(rb"\xff+([^\x00\xff])")
_STANDALONE = frozenset((0x01, *range(0xD0, 0xD9)))
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # all kinds of SOF
_PROGRESSIVE = 0xC2
_READ = (0xC0, 0xC1, _PROGRESSIVE)  # Huffman-coded; no other is in use, and browsers refuse them
_SCAN, _END, _RESTART_INTERVAL = 0xDA, 0xD9, 0xDD
_BLOCK_BYTES = 128
_BLOCK = 8


@dataclass(frozen=True)
class JpegFrame:
    """What the frame header and the first scan header say.

    Attributes:
        size: (width, height).
        components: the number of each component, by which scans name it.
        samplings: (horizontal, vertical) sampling factor of each component.
        buffered: whether the decoder keeps all coefficients.
        scan_at: where the first scan's marker ends.
        restart_interval: units of decoding between two restarts in the first scan; 0 of none.
    """

    size: tuple[int, int]
    components: tuple[int, ...]
    samplings: tuple[tuple[int, int], ...]
    buffered: bool
    scan_at: int
    restart_interval: int

    def units(self, components: Iterable[int]) -> int:
        """Return how many units of decoding a scan of these components has (MCUs; T.81, A.2)."""
        most = map(max, zip(*self.samplings, strict=True))
        named = [self.components.index(c) for c in components if c in self.components]
        # Alone, a component comes in blocks, those of its own size; together, in groups of blocks.
        mine = self.samplings[named[0]] if len(named) == 1 else (1, 1)
        sides = zip(self.size, most, mine, strict=True)
        across, down = (-(-n * own // (_BLOCK * m)) for n, m, own in sides)
        units: int = across * down
        return units

    def coefficient_bytes(self) -> int:
        """Return the bytes of all coefficients, which are kept where `buffered`."""
        return _BLOCK_BYTES * self.units(()) * sum(h * v for h, v in self.samplings)


def read_frame(data: bytes, most_segments: int) -> JpegFrame:
    """Return a JPEG's frame.

    Raises:
        ValueError: there is none among so many segments.
        ImageError: it is of a kind that no camera writes.
    """
    kind, frame, interval = 0, b"", 0
    at = 2
    for _segment in range(most_segments):
        match = _MARKER.search(data, at)
        if match is None:
            break
        marker, at = data[match.end() - 1], match.end()
        if marker in _STANDALONE:
            continue
        if marker == _END:
            break
        segment = data[at + 2 : at + int.from_bytes(data[at : at + 2], "big")]
        if marker == _SCAN:
            return _frame(kind, frame, segment, at, interval)
        if marker in _FRAMES:
            kind, frame = marker, segment
        if marker == _RESTART_INTERVAL:
            interval = int.from_bytes(segment[:2], "big")
        at += 2 + len(segment)
    raise ValueError("no picture in it")


def _frame(kind: int, frame: bytes, scan: bytes, scan_at: int, interval: int) -> JpegFrame:
    if kind not in _READ:
        raise ImageError(
            "a JPEG of a kind that no camera writes (arithmetic, lossless or "
            "hierarchical); save it as a baseline JPEG"
        )
    height, width = (int.from_bytes(frame[at : at + 2], "big") for at in (1, 3))
    count = frame[5] if len(frame) > 5 else 0
    samplings = tuple((factor >> 4, factor & 15) for factor in frame[7 : 6 + 3 * count : 3])
    if not samplings or not scan or not all(h and v for h, v in samplings):
        raise ValueError("damaged frame header")
    buffered = kind == _PROGRESSIVE or scan[0] < len(samplings)
    components = tuple(frame[6 : 6 + 3 * count : 3])
    return JpegFrame((width, height), components, samplings, buffered, scan_at, interval)
