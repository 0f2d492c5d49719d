"""The answers as CSV, for auditors: the same bytes whenever and however they were collected.

    answers.json          what was collected: bundle, classes, models, photos, shard
    photos.csv            photo,path,sha256,label,camera,group,simulated,unreadable
    reference.csv         photo,top,confidence,p0,p1...
    <model>@<engine>.csv  photo,top,confidence,change,kl,pixels,cause,p0,p1...

Rows are sorted by photo; an unknown camera and a photo that stands alone have an empty cell.
Nothing reads these files: what counts is `answers.sqlite` beside them (`edgetlc.parity.store`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import numpy as np

from edgetlc.files import whole_file, write_json
from edgetlc.parity.store import COLUMNS, Header, PhotoRow, read_header, read_rows

PHOTO_COLUMNS = ("photo", "path", "sha256", "label", "camera", "group", "simulated", "unreadable")


def write_tables(folder: Path) -> None:
    """Write the answers of a folder as CSV beside them, each file whole or not at all.

    Raises:
        InputError: the folder holds no answers, or damaged ones.
    """
    header = read_header(folder)
    classes = [f"p{index}" for index in range(len(header.classes))]
    answers, probabilities = read_rows(folder), read_rows(folder, "probabilities")
    names = ["photos", *header.names]
    with ExitStack() as stack:
        photos, *models = (stack.enter_context(whole_file(folder / f"{n}.csv")) for n in names)
        photos.write(_line(PHOTO_COLUMNS))
        for number, model in enumerate(models):
            model.write(_line(("photo", *COLUMNS[: len(COLUMNS) if number else 2], *classes)))
        for (photo, numbers), (_photo, row) in zip(answers, probabilities, strict=True):
            photos.write(_line((*photo[:6], int(photo.simulated), photo.unreadable)))
            for model, line in zip(models, _model_lines(header, photo, numbers, row), strict=False):
                model.write(line)
    document = {"kind": "edgetlc-answers", "schema": 1, **asdict(header)}
    write_json(folder / "answers.json", document)


def _line(cells: tuple[object, ...]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode("utf-8", "surrogateescape")


def _model_lines(
    header: Header, photo: PhotoRow, numbers: bytes, probabilities: bytes
) -> Iterator[bytes]:
    """Yield one line per model; none for an unreadable photo."""
    table = np.frombuffer(numbers, "<f8").reshape(-1, len(COLUMNS)).tolist()
    rows = np.frombuffer(probabilities, "<f4").reshape(-1, len(header.classes)).tolist()
    for number, ((top, *measures), row) in enumerate(zip(table, rows, strict=True)):
        cells = (*(measures if number else measures[:1]), *row)
        text = ",".join(f"{value:.9g}" for value in cells)
        yield f"{photo.photo},{top:.0f},{text}\n".encode()
