"""Which pairs a model is asked for, drawn once for a split, and its answers kept.

| asked | pairs |
|---|---|
| links | the test links |
| uniform, reversed, reversed:50, degree, two_hop | negatives, one a test link |
| one_way, turned | test links that are links in one direction only; their reverses |
| returned | u -> v where v -> u is a training link and u -> v a test link |
| not_returned | u -> v where v -> u is a training link and u -> v is no link |
| apart | pairs of nodes with no link either way, one a one-way test link |
| links_apart | the same, one a test link |
| fit_links, fit_one_way, fit_apart ... | validation links, to fit a threshold by |

What is fitted never sees a test link: its links are the validation links, or, where there
are none, up to FIT_LINKS of the training links; its negatives are no links of the graph
without the test links. `not_returned` holds at most as many pairs as `returned`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from nodeemb.errors import DataRefused
from nodeemb.evaluation.negatives import draw_negatives
from nodeemb.evaluation.reconstruction import BestPairs, best_pairs
from nodeemb.evaluation.scorer import ScoreRows, score_pairs
from nodeemb.evaluation.split import Split
from nodeemb.graph.build import assemble
from nodeemb.graph.graph import Graph
from nodeemb.rng import permutation, stream_key

FIT_LINKS = 10_000


class Unasked(Exception):
    """A question that this split cannot ask; the text says why."""


@dataclass(frozen=True, eq=False)
class Questions:
    """The pairs of a split, each kind drawn when it is first asked for.

    Attributes:
        split: the hidden links.
        seed: of everything that is drawn.
    """

    split: Split
    seed: int = 0
    _drawn: dict[str, np.ndarray] = field(default_factory=dict, repr=False)

    def pairs(self, asked: str) -> np.ndarray:
        """(k, 2) rows, one or more; `asked` is a name of the table above.

        Raises:
            Unasked: there are none.
        """
        if asked not in self._drawn:
            pairs = PAIRS[asked](self)
            if not len(pairs):
                raise Unasked(_NONE.get(asked, "there is no pair to ask for"))
            self._drawn[asked] = pairs
        return self._drawn[asked]

    def support(self, asked: str) -> np.ndarray:
        """(k,) for each pair the training links out of u or into v, whichever is less."""
        train = self.split.train
        source, target = self.pairs(asked).T
        return np.minimum(train.out_degree[source], train.in_degree[target])

    def fitted_on(self) -> str:
        """Which links thresholds are fitted on."""
        return "validation" if len(self.split.validation) else "training"


class Answers:
    """The scores of one model, each question asked once.

    Args:
        questions: what to ask.
        score: the scoring function.
        name: what to call the model in a message.
    """

    def __init__(self, questions: Questions, score: ScoreRows, name: str) -> None:
        self.questions, self.name = questions, name
        self._score = score
        self._scores: dict[str, np.ndarray] = {}
        self._best: BestPairs | None = None

    def of(self, asked: str) -> np.ndarray:
        """(k,) scores of the pairs of one question.

        Raises:
            Unasked: there is no such pair.
            DataRefused: scores that are not finite.
        """
        if asked not in self._scores:
            pairs = self.questions.pairs(asked)
            self._scores[asked] = score_pairs(self._score, pairs, self.name)
        return self._scores[asked]

    def best(self) -> BestPairs:
        """The best of all pairs, as many as there are training links."""
        if self._best is None:
            train = self.questions.split.train
            most = train.num_edges - train.report.self_loops
            seed = self.questions.seed
            self._best = best_pairs(train, self._score, most, self.name, seed)
        return self._best


def _links(questions: Questions) -> np.ndarray:
    return questions.split.test


def _negatives(kind: str) -> Callable[[Questions], np.ndarray]:
    def draw(questions: Questions) -> np.ndarray:
        graph = questions.split.graph
        if kind.startswith("reversed"):
            _must_be_directed(graph)
        return _drawn(kind, graph, questions.pairs("links"), questions.seed)

    return draw


def _one_way(questions: Questions) -> np.ndarray:
    _must_be_directed(questions.split.graph)
    return _only_one_way(questions.split.graph, questions.pairs("links"))


def _returned(questions: Questions) -> np.ndarray:
    _must_be_directed(questions.split.graph)
    pairs = questions.pairs("links")
    return pairs[questions.split.train.has_edges(pairs[:, 1], pairs[:, 0])]


def _not_returned(questions: Questions) -> np.ndarray:
    split = questions.split
    turned = np.stack([split.train.targets, split.train.sources], 1)
    turned = turned[~split.graph.has_edges(turned[:, 0], turned[:, 1])]
    order = permutation(stream_key(questions.seed, "not returned"), len(turned))
    return turned[order[: len(questions.pairs("returned"))]]


def _apart(like: str) -> Callable[[Questions], np.ndarray]:
    def draw(questions: Questions) -> np.ndarray:
        graph = both_ways(questions.split.graph)
        return _drawn("uniform", graph, questions.pairs(like), questions.seed)

    return draw


def _fit_links(questions: Questions) -> np.ndarray:
    split = questions.split
    if len(split.validation):
        return split.validation
    links = np.stack([split.train.sources, split.train.targets], 1)
    if split.graph.directed:
        links = links[links[:, 0] != links[:, 1]]
    else:
        links = links[links[:, 0] < links[:, 1]]
    order = permutation(stream_key(questions.seed, "fit"), len(links))
    return links[np.sort(order[:FIT_LINKS])]


def _fit_one_way(questions: Questions) -> np.ndarray:
    _must_be_directed(questions.split.graph)
    return _only_one_way(known(questions.split), questions.pairs("fit_links"))


def _fit_apart(like: str) -> Callable[[Questions], np.ndarray]:
    def draw(questions: Questions) -> np.ndarray:
        graph = both_ways(known(questions.split))
        return _drawn("uniform", graph, questions.pairs(like), questions.seed)

    return draw


def _turned(asked: str) -> Callable[[Questions], np.ndarray]:
    return lambda questions: questions.pairs(asked)[:, ::-1]


PAIRS: dict[str, Callable[[Questions], np.ndarray]] = {
    "links": _links,
    "uniform": _negatives("uniform"),
    "reversed": _negatives("reversed"),
    "reversed:50": _negatives("reversed:50"),
    "degree": _negatives("degree"),
    "two_hop": _negatives("two_hop"),
    "one_way": _one_way,
    "turned": _turned("one_way"),
    "returned": _returned,
    "not_returned": _not_returned,
    "apart": _apart("one_way"),
    "apart_turned": _turned("apart"),
    "links_apart": _apart("links"),
    "fit_links": _fit_links,
    "fit_links_apart": _fit_apart("fit_links"),
    "fit_one_way": _fit_one_way,
    "fit_turned": _turned("fit_one_way"),
    "fit_apart": _fit_apart("fit_one_way"),
    "fit_apart_turned": _turned("fit_apart"),
}
_NONE = {
    "links": "no link was hidden for the test",
    "one_way": "every test link goes both ways",
    "returned": "no test link is the reverse of a training link",
    "not_returned": "every training link goes both ways",
    "fit_one_way": "every link a threshold could be fitted on goes both ways",
}


def known(split: Split) -> Graph:
    """The graph without the test links: training and validation links."""
    graph, (sources, targets) = split.graph, split.test.T
    keep = np.ones(graph.num_arcs, bool)
    keep[graph.arc_positions(sources, targets)] = False
    if not graph.directed:
        keep[graph.arc_positions(targets, sources)] = False
    return graph.keep_arcs(keep)


def both_ways(graph: Graph) -> Graph:
    """The graph with every link in both directions, so that no link is no link at all."""
    n = graph.num_nodes
    sources, targets = graph.sources.astype(np.int64), graph.targets.astype(np.int64)
    keys = np.unique(np.concatenate([sources * n + targets, targets * n + sources]))
    return assemble(*np.divmod(keys, n), ids=graph.ids, directed=True)


def _must_be_directed(graph: Graph) -> None:
    if not graph.directed:
        raise Unasked("the graph is undirected")


def _only_one_way(graph: Graph, pairs: np.ndarray) -> np.ndarray:
    return pairs[~graph.has_edges(pairs[:, 1], pairs[:, 0])]


def _drawn(kind: str, graph: Graph, like: np.ndarray, seed: int) -> np.ndarray:
    try:
        return draw_negatives(kind, graph, like, seed).pairs
    except DataRefused as error:
        raise Unasked(error.what) from None
