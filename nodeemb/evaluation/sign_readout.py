"""Logistic regression on a few numbers of a pair: how scores become probabilities.

Numbers are first divided by their spread (and centred, but for direction, where turning a
pair round must turn every number round), so that the ridge of 1 means the same for all.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Readout(NamedTuple):
    """A fitted regression.

    mean, spread: (features,) of the pairs it was fitted on. model: of scikit-learn.
    """

    mean: np.ndarray
    spread: np.ndarray
    model: Any

    def logits(self, features: np.ndarray) -> np.ndarray:
        """(k, 1) log odds of the first of two classes, or (k, 3) of each of three."""
        found = np.asarray(self.model.decision_function(self._scaled(features)))
        # scikit-learn gives those of its second class
        return -found[:, None] if found.ndim == 1 else found

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """(k, classes)."""
        return np.asarray(self.model.predict_proba(self._scaled(features)))

    def _scaled(self, features: np.ndarray) -> np.ndarray:
        return (features - self.mean) / self.spread


def fit_readout(
    task: str, features: np.ndarray, label: np.ndarray, balanced: bool
) -> Readout:
    """Fits the regression of a task.

    Args:
        task: for "direction" features are differences, and each counts both ways round.
        features: (k, features).
        label: (k,) class.
        balanced: whether every class counts the same.
    """
    from sklearn.linear_model import LogisticRegression

    way = task == "direction"
    if way:
        features = np.concatenate([features, -features])
        label = np.repeat([0, 1], len(label))
    mean = np.zeros(features.shape[1]) if way else features.mean(0)
    spread = np.sqrt(((features - mean) ** 2).mean(0))
    spread[spread == 0] = 1.0
    model = LogisticRegression(
        C=1.0,
        fit_intercept=not way,
        class_weight="balanced" if balanced else None,
        max_iter=1000,
    )
    return Readout(mean, spread, model.fit((features - mean) / spread, label))
