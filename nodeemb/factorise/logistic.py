"""Fit the log-odds of an answer as a weighted sum of columns, with a ridge penalty.

    min_w  sum_i weight_i log(1 + exp(-y_i (x_i . w + b)))  +  ridge / 2 |w scaled|^2

by Newton's method, on columns scaled to unit spread. Forms of pairs are fitted with it:
a symmetric or an antisymmetric matrix between the traits of two nodes.
"""

from __future__ import annotations

import numpy as np

_STEPS, _ENOUGH = 100, 1e-8
_FLAT = 1e-12  # spread of a column that is constant


def fit(
    columns: np.ndarray, answers: np.ndarray, *, intercept: bool, ridge: float = 1.0
) -> tuple[np.ndarray, float]:
    """Weights of the columns as given, and the intercept.

    Args:
        columns: (k, c) float64.
        answers: (k,) bool.
        intercept: False: the log-odds of a row of zeros are 0.
        ridge: penalty on the weights of scaled columns; the intercept has none.

    Answers that are all alike, or none at all, give weights of 0.
    """
    if answers.all() or not answers.any():
        return np.zeros(columns.shape[1]), 0.0
    spread = columns.std(axis=0)
    middle = columns.mean(axis=0) if intercept else np.zeros(columns.shape[1])
    used = spread > _FLAT * (1 + np.abs(columns).max(axis=0))
    scale = np.where(used, spread, 1.0)
    x = np.where(used, (columns - middle) / scale, 0.0)
    if intercept:
        x = np.column_stack([x, np.ones(len(x))])
    penalty = np.full(x.shape[1], ridge)
    if intercept:
        penalty[-1] = 1e-9
    weights = _newton(x, answers.astype(float), penalty)
    own = weights[: columns.shape[1]] / scale
    return own, float(weights[-1] - middle @ own) if intercept else 0.0


def _newton(x: np.ndarray, y: np.ndarray, penalty: np.ndarray) -> np.ndarray:
    """The weights; steps are halved until the loss falls."""
    w = np.zeros(x.shape[1])
    loss = _loss(x @ w, y, w, penalty)
    for _ in range(_STEPS):
        chance = _sigmoid(x @ w)
        slope = x.T @ (chance - y) + penalty * w
        curve = (x * (chance * (1 - chance))[:, None]).T @ x + np.diag(penalty)
        step, size = np.linalg.solve(curve, slope), 1.0
        while size > _ENOUGH:
            new = w - size * step
            now = _loss(x @ new, y, new, penalty)
            if now <= loss:
                break
            size /= 2
        else:
            return w
        fell, w, loss = loss - now, new, now
        if fell <= _ENOUGH * (1 + loss):
            return w
    return w


def _loss(
    score: np.ndarray, y: np.ndarray, w: np.ndarray, penalty: np.ndarray
) -> float:
    return float(np.sum(np.logaddexp(0, score) - y * score) + penalty @ (w * w) / 2)


def _sigmoid(score: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * score))
