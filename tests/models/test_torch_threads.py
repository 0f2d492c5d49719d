from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from edgetlc.models.checkpoint import Checkpoint
from edgetlc.models.networks import Classifier
from edgetlc.models.reference import ReferenceModel
from edgetlc.models.torch_threads import torch_threads
from edgetlc.runtime.classes import ClassInfo
from edgetlc.runtime.contract import PixelContract


def test_the_process_gets_its_threads_back() -> None:
    before = torch.get_num_threads()
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
        with pytest.raises(KeyboardInterrupt), torch_threads(1):  # noqa: PT012
            assert torch.get_num_threads() == 1
            raise KeyboardInterrupt
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_threads_whose_blocks_overlap_leave_nothing_behind() -> None:
    """The second thread first meets PyTorch in the block of the first, and ends after it."""
    before = torch.get_num_threads()
    inside, ended = threading.Event(), threading.Event()

    def first() -> None:
        with torch_threads(before + 1):
            inside.set()
            second_inside.wait()
        ended.set()

    second_inside = threading.Event()

    def second() -> None:
        inside.wait()
        with torch_threads(before + 1):
            second_inside.set()
            ended.wait()

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ThreadPoolExecutor(1) as fresh:
        assert fresh.submit(torch.get_num_threads).result() == before


def test_the_reference_leaves_the_process_its_threads() -> None:
    checkpoint = Checkpoint(
        Classifier("resnet18", 2).eval(),
        (ClassInfo("a", "a", "a"), ClassInfo("b", "b", "b")),
        PixelContract(size=32),
    )
    before, used = torch.get_num_threads(), []
    reference = ReferenceModel(checkpoint, threads=before + 1)
    reference.classifier.register_forward_hook(lambda *_: used.append(torch.get_num_threads()))
    answer = reference.run(np.zeros((1, 40, 40, 3), np.uint8), images=True)
    assert torch.get_num_threads() == before
    reference.classify_images(answer.images)
    assert used == [before + 1] * 2
    assert torch.get_num_threads() == before
