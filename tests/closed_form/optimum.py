"""What training must end at: exact weights, the formulas of the papers, and the way there.

With two free tables of n columns each, the logistic objective ends at log(w+ / w-), where
w+(u, v) is the weight of the positive pair and w-(u, v) that of the noise pair. `exact`
has both from the sampler's own law, `LITERAL` the formula as the method's theory has it,
from powers of the adjacency matrix and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import laws
import naive
import numpy as np

from nodeemb.graph.graph import Graph
from nodeemb.recipe import Recipe
from nodeemb.roles.layout import lay_out
from nodeemb.roles.schemes import SCHEMES
from nodeemb.sampling.options import NoiseOptions
from nodeemb.training.backends.cpu import CpuBackend
from nodeemb.training.backends.torch import TorchBackend
from nodeemb.training.batch import Aligned, Part
from nodeemb.training.tables import new_tables


class Exact(NamedTuple):
    """positive, negative: (n, n) weights w+ and w-, 0 for pairs of equal rows."""

    positive: np.ndarray
    negative: np.ndarray

    @property
    def support(self) -> np.ndarray:
        """(n, n): pairs that occur, and occur as noise."""
        return (self.positive > 0) & (self.negative > 0)

    @property
    def absent(self) -> np.ndarray:
        """(n, n): pairs that occur as noise only."""
        return (self.positive == 0) & (self.negative > 0)

    @property
    def scores(self) -> np.ndarray:
        """(n, n): log(w+ / w-), not finite off the support."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(self.positive / self.negative)


def adjacency(graph: Graph, direction: str = "follow") -> np.ndarray:
    """(n, n): the weights of the arcs, directions forgotten where asked."""
    matrix = np.zeros((graph.num_nodes, graph.num_nodes))
    for u, near in naive.ways_on(graph, direction).items():
        for v, weight in near:
            matrix[u, v] = weight
    return matrix


def noise_degrees(graph: Graph, recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """(left, right) degrees that noise goes by: of the side that it replaces.

    A window on both sides counts every pair both ways, and so does the degree.
    """
    matrix = adjacency(graph, getattr(recipe.sampler, "direction", "follow"))
    left, right = matrix.sum(1), matrix.sum(0)
    if recipe.stencil.kind == "window" and recipe.stencil.sides == "both":
        left = right = left + right
    return left, right


def exact(graph: Graph, recipe: Recipe) -> Exact:
    """The weights that a recipe's sampler, stencil and noise give in the long run."""
    positive = laws.expected_pairs(graph, recipe.sampler, recipe.stencil)
    np.fill_diagonal(positive, 0)
    return Exact(positive, exact_noise(graph, recipe, positive, recipe.noise))


def exact_noise(
    graph: Graph, recipe: Recipe, positive: np.ndarray, noise: NoiseOptions
) -> np.ndarray:
    """(n, n): w- of a mixture of nodes by degree, any node, and reversed pairs."""
    nodes = 1 - noise.reversed
    uniform = noise.uniform / nodes if nodes else 0.0
    left, right = (
        laws.noise_law(degrees, noise.power, uniform)
        for degrees in noise_degrees(graph, recipe)
    )
    per_pair = nodes * noise.per_pair
    drawn = laws.noise_weights(positive, left, right, per_pair, noise.side)
    turned = noise.reversed * noise.per_pair
    return drawn + laws.reversed_weights(graph, positive, turned)


def converged(
    weights: Exact,
    scheme: str = "source_target",
    *,
    rate: float = 0.5,
    shift: np.ndarray | None = None,
) -> np.ndarray:
    """(n, n) scores after many steps of the package's own backend on the exact weights.

    All pairs are aligned pairs: w+ with label 1 and w- with label 0; nothing is drawn.
    Every role has n columns.
    """
    n = len(weights.positive)
    steps = 400 * n
    shift = np.empty(0) if shift is None else shift
    width = n * len(SCHEMES[scheme].roles)
    layout = lay_out(SCHEMES[scheme], width, "none", shifted=len(shift) > 0)
    tables = new_tables(n, layout, 0, "float64")
    args = tables, layout, "logistic", "adagrad", shift
    backend = TorchBackend(*args) if layout.images else CpuBackend(*args, 1)
    batch = [_pairs(weights)]
    for step in range(steps):
        backend.step(batch, rate * (1 - 0.99 * step / steps))
    ((left, right),) = layout.channels.values()
    table = backend.tables.table[:n]
    sides = [
        _side(table, side, layout.width // len(SCHEMES[scheme].roles))
        for side in (left, right)
    ]
    return sides[0] @ sides[1].T


def _side(table: np.ndarray, side, columns: int) -> np.ndarray:
    return table[:, side.column[0] : side.column[0] + columns]


def _pairs(weights: Exact) -> Part:
    scale = weights.positive.sum(1).max()
    left, right, weight, label = [], [], [], []
    for matrix, is_pair in ((weights.positive, 1), (weights.negative, 0)):
        rows, columns = np.nonzero(matrix)
        left.append(rows)
        right.append(columns)
        weight.append(matrix[rows, columns] / scale)
        label.append(np.full(len(rows), is_pair))
    pairs = Aligned(
        np.concatenate(left).astype(np.int32),
        np.concatenate(right).astype(np.int32),
        np.concatenate(weight).astype(np.float32),
        np.concatenate(label).astype(np.float32),
        np.array([0, sum(map(len, left))]),
    )
    nothing = np.empty((1, 0), np.int32)
    return Part(0, pairs, nothing, nothing, 0.0)


class Gap(NamedTuple):
    """How far scores are from where they should be.

    error: largest distance on the support. correlation: on the support (Pearson), 1 where
        the target is the same everywhere.
    above: how far the best absent pair is above the worst pair of the support; -inf where
        no pair is absent.
    """

    error: float
    correlation: float
    above: float


def gap(scores: np.ndarray, target: np.ndarray, weights: Exact) -> Gap:
    """Scores (n, n) against a target (n, n) that holds on the support."""
    on = weights.support
    absent = scores[weights.absent]
    flat = np.ptp(target[on]) < 1e-9
    return Gap(
        error=float(np.abs(scores[on] - target[on]).max()),
        correlation=1 if flat else float(np.corrcoef(scores[on], target[on])[0, 1]),
        above=float(absent.max() - scores[on].min()) if len(absent) else -np.inf,
    )


# ---- the formulas of the papers -------------------------------------------------------


def _power(degrees: np.ndarray, power: float) -> np.ndarray:
    mass = np.where(degrees > 0, degrees, 0.0) ** power
    return mass / mass.sum()


def _per_row(matrix: np.ndarray) -> np.ndarray:
    """Each row over its sum; rows of 0 stay."""
    total = matrix.sum(1, keepdims=True)
    return np.divide(matrix, total, out=np.zeros_like(matrix), where=total > 0)


def _off_diagonal(matrix: np.ndarray) -> np.ndarray:
    """Pairs of equal rows do not train, so they count in no sum either."""
    return matrix * (1 - np.eye(len(matrix)))


def deepwalk(graph: Graph, recipe: Recipe) -> np.ndarray:
    """NetMF: the mean of the first T powers of the step law, from the stationary law.

    Holds for long walks; their start is then forgotten.
    """
    matrix = adjacency(graph, "ignore")
    degrees = matrix.sum(1)
    step, horizon = _per_row(matrix), recipe.stencil.window
    together = sum(np.linalg.matrix_power(step, r) for r in range(1, horizon + 1))
    together = _off_diagonal(degrees[:, None] * together)
    noise = _power(degrees, recipe.noise.power)
    return together / (recipe.noise.per_pair * together.sum(1)[:, None] * noise)


def line2(graph: Graph, recipe: Recipe) -> np.ndarray:
    """A(u, v) / (k out(u) q(v)), q by in-degree."""
    matrix = _off_diagonal(adjacency(graph))
    noise = _power(adjacency(graph).sum(0), recipe.noise.power)
    return matrix / (recipe.noise.per_pair * matrix.sum(1)[:, None] * noise)


def app(graph: Graph, recipe: Recipe) -> np.ndarray:
    """n pi(u, v) / (k m(u)): pi the last node of a walk that stops with probability a.

    m(u) is the mass that arrives at another node at all: the rest is lost at sinks, or is
    back where it began.
    """
    step = _per_row(adjacency(graph))
    stop, horizon = recipe.stencil.stop_probability, recipe.stencil.window
    last = (1 - stop) ** (horizon - 1) * np.linalg.matrix_power(step, horizon)
    for d in range(1, horizon):
        last = last + stop * (1 - stop) ** (d - 1) * np.linalg.matrix_power(step, d)
    last = _off_diagonal(last)
    return len(last) * last / (recipe.noise.per_pair * last.sum(1)[:, None])


def nerd(graph: Graph, recipe: Recipe) -> np.ndarray:
    """2 M / (k (row sums q_in + q_out column sums)), M = sum of A (Din^-1 A' Dout^-1 A)^i."""
    matrix = adjacency(graph)
    back_and_forth = _per_row(matrix.T) @ _per_row(matrix)
    walks = range(recipe.sampler.walk_length // 2)
    together = sum(matrix @ np.linalg.matrix_power(back_and_forth, i) for i in walks)
    together = _off_diagonal(together)
    q_out, q_in = (_power(matrix.sum(a), recipe.noise.power) for a in (1, 0))
    on_targets = together.sum(1)[:, None] * q_in
    on_sources = q_out[:, None] * together.sum(0)
    return 2 * together / (recipe.noise.per_pair * (on_targets + on_sources))


LITERAL: dict[str, Callable[[Graph, Recipe], np.ndarray]] = {
    "deepwalk": deepwalk,
    "line2": line2,
    "app": app,
    "nerd": nerd,
}
"""Method -> exp of the score that each pair must have (0: minus infinity)."""
