from __future__ import annotations

from contextlib import suppress

import torch

from edgetlc.models.torch_threads import torch_threads


def test_the_process_gets_its_threads_back() -> None:
    before = torch.get_num_threads()
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
        with suppress(KeyboardInterrupt), torch_threads(1):
            assert torch.get_num_threads() == 1
            raise KeyboardInterrupt
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
