"""Two seconds of work whose answer is known: does this installation compute what it should?"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from nodeemb.embedding.embedding import Embedding

# One step by hand: x = (1, 0) of node 0 as source, y = (0.5, 0.5) of node 1 as target, and
# the noise z = (-1, 2) of node 2 as target, each of weight 1, learning rate 1:
#   loss = log(1 + exp(-x.y)) + log(1 + exp(x.z)),  x.y = 0.5,  x.z = -1
#   a = sigmoid(-0.5) = 0.377540669,  b = sigmoid(-1) = 0.268941421
#   x + a y - b z,  y + a x,  z - b x
_START = ((1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.5, 0.5), (0.0, 0.0, -1.0, 2.0))
_AFTER = (
    (1.457711756, -0.349112508, 0.0, 0.0),
    (0.0, 0.0, 0.877540669, 0.5),
    (0.0, 0.0, -1.268941421, 2.0),
)
_LOSS = 0.787338672
_NEAR = 1e-5


class Outcome(NamedTuple):
    """A check: its name, what is wrong (empty: nothing), and how long it took."""

    name: str
    wrong: str
    seconds: float


def self_test() -> Iterator[Outcome]:
    """Makes the checks, one after the other; nothing is raised."""
    yield _timed("one step of training, against numbers worked out by hand", _step)
    yield _timed("1 and 2 threads, bit for bit", _threads)
    yield _timed("saved and loaded, bit for bit", _saved)


def _timed(name: str, check: Callable[[], str]) -> Outcome:
    begun = time.monotonic()
    try:
        wrong = check()
    except Exception as error:  # noqa: BLE001 - whatever is wrong is what is to be told
        wrong = f"{type(error).__name__}: {error}"
    return Outcome(name, wrong, time.monotonic() - begun)


def _step() -> str:
    from nodeemb.roles.layout import lay_out
    from nodeemb.roles.schemes import find_scheme
    from nodeemb.training.backends.cpu import CpuBackend
    from nodeemb.training.batch import Aligned, Part
    from nodeemb.training.tables import Tables

    layout = lay_out(find_scheme("source_target"), 4, "none")
    tables = Tables(np.array(_START, np.float32), np.zeros((3, 2), np.float32))
    backend = CpuBackend(tables, layout, "logistic", "sgd", np.empty(0), 1)
    one = np.ones(1, np.float32)
    pair = Aligned(_whole(0), _whole(1), one, one, np.array([0, 1]))
    noise = Part(0, pair, _whole(2)[None], np.empty((1, 0), np.int32), 1.0)
    loss = backend.step([noise], 1.0, loss_every=1)
    off = float(np.abs(tables.table - np.array(_AFTER)).max())
    if not off < _NEAR:
        return f"the vectors are off by {off:.2g}, {_NEAR:g} is allowed"
    if not abs(loss.total - _LOSS) < _NEAR:
        return f"the loss is {loss.total:.6f}, and should be {_LOSS:.6f}"
    return ""


def _threads() -> str:
    same = np.array_equal(_trained(1).table, _trained(2).table)
    return "" if same else "the vectors differ"


def _saved() -> str:
    from nodeemb.embedding.embedding import load

    made = _trained(1)
    with tempfile.TemporaryDirectory() as folder:
        back = load(made.save(Path(folder) / "saved"))
    same = np.array_equal(made.table, back.table) and list(made.ids) == list(back.ids)
    if not same:
        return "what was loaded is not what was saved"
    return ""


def _trained(threads: int) -> Embedding:
    """A small graph embedded: 300 nodes on a ring, each with links to the next three."""
    from nodeemb.graph.build import from_edges
    from nodeemb.run import embed

    sources = np.repeat(np.arange(300), 3)
    targets = (sources + np.tile([1, 2, 3], 300)) % 300
    options = {"training.epochs": 2}
    return embed(
        from_edges(sources, targets), "nerd", dim=8, threads=threads, options=options
    )


def _whole(number: int) -> np.ndarray:
    return np.array([number], np.int32)
