from __future__ import annotations

from pathlib import Path

import pytest

from edgetlc.calibration.sampling import refuse
from edgetlc.data.leaks import Leak
from edgetlc.data.photos import Photo
from edgetlc.errors import InputError


def test_the_refusal_names_the_files(tmp_path: Path) -> None:
    held = Photo(Path("/held.jpg"), "bark", group="g", part="test")
    one, two = Photo(Path("/1.jpg"), "bark"), Photo(Path("/2.jpg"), "bark", group="g")
    with pytest.raises(InputError) as raised:
        refuse([Leak(two, held, "g"), Leak(one, held), Leak(two, held)], "do this")
    assert str(raised.value) == (
        "2 photos to calibrate on would judge the result too: /1.jpg is the same file as "
        "/held.jpg (test), /2.jpg is in group 'g' with /held.jpg (test); do this"
    )
    many = [Leak(Photo(Path(f"/{n:02}.jpg"), "bark"), held) for n in range(18)]
    with pytest.raises(InputError, match=r"/05\.jpg is the same file as \S+ \(test\) and 12 more;"):
        refuse(many, "do this")
    refuse([], "do this")
