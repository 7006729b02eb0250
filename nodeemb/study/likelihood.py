"""How well a model of counts tells counts that it has not seen.

    L(s) = 1/N sum_uv B_uv log sigma(s_uv) + K/N sum_u r_u sum_v q_v log sigma(-s_uv)
    gain = L(s) - L(s0),    s0_uv = log((c_v + 1) / (C + n)) - log(K q_v)

B are the hidden counts, N their sum and r their row sums; c are column sums of the training
counts, C their sum, q ~ c ** power what noise is drawn by. s0 is the best that is possible
where targets do not depend on sources. A pair of a node with itself counts in neither sum,
as in training; nodes that training saw no event of, in their part, are left out.

Source: Levy, Goldberg. Neural word embedding as implicit matrix factorization. NIPS 2014,
eq. 1 to 5.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from nodeemb.evaluation.scorer import ScoreRows

_AT_ONCE = 1 << 20  # pairs


def gain(
    score_rows: ScoreRows,
    hidden: csr_array,
    train: csr_array,
    per_pair: float,
    power: float,
) -> float:
    """The gain of a model, in nats for each hidden event.

    Args: as `gains`.
    """
    total, events = gains(score_rows, hidden, train, per_pair, power)
    return float(total.sum() / events.sum())


def gains(
    score_rows: ScoreRows,
    hidden: csr_array,
    train: csr_array,
    per_pair: float,
    power: float,
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) nats gained on the events of each source, and (n,) how many there are.

    Args:
        score_rows: (source rows, target rows) -> scores of the model.
        hidden: (n, n) counts B.
        train: (n, n) counts that the model learned from.
        per_pair, power: K and the power of the noise that it learned with.
    """
    size = hidden.shape[0]
    columns = np.asarray(train.sum(0)).ravel()
    weight = np.where(columns > 0, columns, 0.0) ** power * (columns > 0)
    noise = weight / weight.sum()
    rows = np.flatnonzero(np.asarray(train.sum(1)).ravel())
    targets = np.flatnonzero(columns)
    alone = np.log((columns[targets] + 1) / (columns.sum() + size))
    alone -= np.log(per_pair * noise[targets])
    total, events = np.zeros((2, size))
    step = max(1, _AT_ONCE // len(targets))
    for first in range(0, len(rows), step):
        some = rows[first : first + step]
        counts = hidden[some].toarray()[:, targets]
        counts[some[:, None] == targets[None, :]] = 0
        away = per_pair * counts.sum(1)[:, None] * noise[targets]
        away[some[:, None] == targets[None, :]] = 0
        pairs = np.repeat(some, len(targets)), np.tile(targets, len(some))
        scores = np.asarray(score_rows(*pairs), np.float64).reshape(counts.shape)
        total[some] -= (counts * np.logaddexp(0, -scores)).sum(1)
        total[some] -= (away * np.logaddexp(0, scores)).sum(1)
        total[some] += (counts * np.logaddexp(0, -alone)).sum(1)
        total[some] += (away * np.logaddexp(0, alone)).sum(1)
        events[some] = counts.sum(1)
    return total, events
