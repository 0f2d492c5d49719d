from __future__ import annotations

import pytest

from edgetlc.models.cost import costs_of
from edgetlc.models.networks import Classifier


@pytest.mark.slow
def test_published_figures() -> None:
    """torchvision's documentation for 1000 classes: parameters, and its GFLOPS, multiply-adds."""
    published = {"resnet18": (11_689_512, 1.81e9), "densenet121": (7_978_856, 2.83e9)}
    costs = costs_of({name: Classifier(name, 1000) for name in published}, 224)
    for name, (parameters, multiply_adds) in published.items():
        assert costs[name].parameters == parameters
        # The head is applied at each position here, for the class-activation map: 1 to 2 % more.
        assert multiply_adds * 0.995 < costs[name].multiply_adds < multiply_adds * 1.03
        assert costs[name].milliseconds > 0


def test_cost_grows_with_the_input() -> None:
    network = {"net": Classifier("resnet18", 3)}
    small, large = (costs_of(network, size)["net"] for size in (64, 128))
    assert large.multiply_adds == pytest.approx(4 * small.multiply_adds, rel=0.01)
    assert large.parameters == small.parameters
