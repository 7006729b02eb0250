"""What a pair's score should be: the value and the slope of two losses.

logistic:  l(s, y) = log(1 + exp(-s)) for y = 1, log(1 + exp(s)) for y = 0;
           dl/ds = sigmoid(s) - y.
squared:   l(s, y) = (s - y)^2 / 2;  dl/ds = s - y.

Source: Mikolov et al. Distributed representations of words and phrases. NIPS 2013, eq. 4;
Pennington, Socher, Manning. GloVe. EMNLP 2014, eq. 8 (without its factor 2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

OBJECTIVES = {"logistic": 0, "squared": 1}
"""Name -> code that kernels branch on (a function as an argument would defeat the disk
cache of compiled kernels)."""


def value(objective: str, scores: np.ndarray, labels: np.ndarray | float) -> np.ndarray:
    """The loss of each score, same shape."""
    if objective == "squared":
        return 0.5 * (scores - labels) ** 2
    return np.logaddexp(0, scores) - scores * labels


def slope(objective: str, scores: np.ndarray, labels: np.ndarray | float) -> np.ndarray:
    """dl/ds of each score, same shape."""
    if objective == "squared":
        return scores - labels
    return 0.5 * (1 + np.tanh(0.5 * scores)) - labels


def log_chance(scores: np.ndarray, tilt: float = 0.0) -> np.ndarray:
    """log sigma(s) + tilt s of each score, same shape; the tilt keeps an order where s is
    high and sigma near 1."""
    chance: np.ndarray = -np.logaddexp(0, -scores)
    if tilt:
        chance += scores.dtype.type(tilt) * scores
    return chance


def torch_value(
    objective: str, scores: torch.Tensor, labels: torch.Tensor | float
) -> torch.Tensor:
    """The loss of each score as a torch expression that autograd can differentiate."""
    import torch

    if objective == "squared":
        return 0.5 * (scores - labels) ** 2
    return torch.nn.functional.softplus(scores) - scores * labels
