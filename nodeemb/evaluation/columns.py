"""One number each for what a model of a graph's links may know, by name: COLUMNS.

Every column needs nothing but scores of a model that was trained once on the split's
training graph: s(u, v) for two arrays of rows. All columns of a split share its draws.

How a score answers a question of classes:

    existence    link if s(u, v) > t, else none
    direction    u -> v if s(u, v) > s(v, u): no threshold; `pair_accuracy`
    three_class  none if max(s(u, v), s(v, u)) <= t, else the larger of the two

with t the threshold of the highest accuracy on validation links (without any: on training
links, which flatters no model but may misplace t) and pairs drawn beside them.
A question that a split cannot ask has the answer NaN, and a reason in words.

The support of a pair u, v is the smaller of the training links out of u and into v: how much
is known of the rarer end in the role it plays there. Columns of one support ask the links
that have it, against negatives that have it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from nodeemb.errors import unknown_name
from nodeemb.evaluation.metrics import (
    auc,
    average_precision,
    hits,
    mean_reciprocal_rank,
    pair_accuracy,
)
from nodeemb.evaluation.questions import Answers, Questions, Unasked
from nodeemb.evaluation.scorer import ScoreRows
from nodeemb.evaluation.split import Split

SUPPORTS = {"0": (0, 0), "1-3": (1, 3), "4+": (4, math.inf)}
"""Name of a support -> the least and the most training links of the rarer end."""
# Where only a sample of all pairs is scored: the fewest places that tell a precision.
_FEWEST = 50


class Column(NamedTuple):
    """A named measurement.

    Attributes:
        title: heading of a table.
        asks: what is asked, in a sentence.
        guess: what guessing gives; NaN where that depends on the graph.
        measure: the scores of a model -> the number.
    """

    title: str
    asks: str
    guess: float
    measure: Callable[[Answers], float]


class Measurements(NamedTuple):
    """Columns of one model: a number each, and why where there is none (NaN)."""

    values: dict[str, float]
    reasons: dict[str, str]


def measure_columns(
    split: Split,
    score_rows: ScoreRows,
    names: Sequence[str] | None = None,
    seed: int = 0,
) -> dict[str, float]:
    """Some columns of one model.

    Args:
        split: the hidden links; the model saw `split.train` only.
        score_rows: (source rows, target rows) -> scores, larger = more likely a link.
        names: keys of COLUMNS; None: all of them.
        seed: of the negatives. The same seed asks every model for the same pairs.

    Returns:
        Name -> number, in the order of `names`; NaN where the split cannot ask it.

    Raises:
        WrongUse: a column that does not exist.
        DataRefused: scores that are not finite, or another number of them.
    """
    return measured(Questions(split, seed), score_rows, names).values


def measured(
    questions: Questions,
    score_rows: ScoreRows,
    names: Sequence[str] | None = None,
    name: str = "the model",
) -> Measurements:
    """As `measure_columns`, for questions drawn before, and with the reasons of NaN."""
    answers = Answers(questions, score_rows, name)
    values: dict[str, float] = {}
    reasons: dict[str, str] = {}
    for column in check_columns(names):
        try:
            values[column] = COLUMNS[column].measure(answers)
        except Unasked as why:
            values[column], reasons[column] = math.nan, str(why)
    return Measurements(values, reasons)


def check_columns(names: Sequence[str] | None) -> list[str]:
    """The names, each once; None: all.

    Raises:
        WrongUse: a column that does not exist.
    """
    if names is None:
        return list(COLUMNS)
    for name in names:
        if name not in COLUMNS:
            raise unknown_name("column", name, COLUMNS)
    return list(dict.fromkeys(names))


def best_threshold(scores: np.ndarray, above: np.ndarray, below: np.ndarray) -> float:
    """The threshold t of the largest sum of what scores above t and not above t gain.

    Args:
        scores: (k,) floats.
        above: (k,) what each counts where its score is above t.
        below: (k,) what each counts where it is not.

    Returns:
        Half-way between two neighbouring scores, or an infinity; the lowest of equals.
    """
    values, place = np.unique(scores, return_inverse=True)
    gain = np.bincount(place, below - above, len(values))
    sums = np.concatenate([[0.0], np.cumsum(gain)])
    best = int(np.argmax(sums))
    bounds = np.concatenate([[-np.inf], (values[1:] + values[:-1]) / 2, [np.inf]])
    return float(bounds[best])


def _auc(positive: str, negative: str) -> Callable[[Answers], float]:
    return lambda answers: auc(answers.of(positive), answers.of(negative))


def _ap(positive: str, negative: str) -> Callable[[Answers], float]:
    return lambda answers: average_precision(answers.of(positive), answers.of(negative))


def _hits(k: int) -> Callable[[Answers], float]:
    def measure(answers: Answers) -> float:
        negative = answers.of("uniform")
        if len(negative) < k:
            raise Unasked(f"there are only {len(negative):,} negatives")
        return hits(answers.of("links"), negative, k)

    return measure


def _mrr(answers: Answers) -> float:
    return mean_reciprocal_rank(answers.of("links"), answers.of("uniform"))


def _precision(answers: Answers) -> float:
    """Links among the best half of links and negatives; ties as in a random order."""
    positive, negative = answers.of("links"), answers.of("uniform")
    k = len(positive)
    both = np.concatenate([positive, negative])
    bar = np.partition(both, len(both) - k)[len(both) - k]
    sure, level = int((positive > bar).sum()), int((positive == bar).sum())
    room = k - int((both > bar).sum())
    return (sure + level * room / int((both == bar).sum())) / k


def _pair_accuracy(answers: Answers) -> float:
    return float(np.mean(pair_accuracy(answers.of("one_way"), answers.of("turned"))))


def _auc_of(support: str) -> Callable[[Answers], float]:
    return lambda answers: auc(
        _supported(answers, "links", "links", support),
        _supported(answers, "uniform", "uniform", support),
    )


def _pair_accuracy_of(support: str) -> Callable[[Answers], float]:
    def measure(answers: Answers) -> float:
        forward, backward = (
            _supported(answers, asked, "one_way", support)
            for asked in ("one_way", "turned")
        )
        return float(np.mean(pair_accuracy(forward, backward)))

    return measure


def _supported(answers: Answers, asked: str, like: str, support: str) -> np.ndarray:
    """Scores of the pairs of a question whose pairs in `like` have a support."""
    least, most = SUPPORTS[support]
    known = answers.questions.support(like)
    found = answers.of(asked)[(known >= least) & (known <= most)]
    if not len(found):
        raise Unasked(f"no pair that is asked for has a support of {support}")
    return found


def _existence(answers: Answers) -> float:
    fit_yes, fit_no = answers.of("fit_links"), answers.of("fit_links_apart")
    is_link = np.repeat([1.0, 0.0], [len(fit_yes), len(fit_no)])
    bar = best_threshold(np.concatenate([fit_yes, fit_no]), is_link, 1 - is_link)
    yes, no = answers.of("links") > bar, answers.of("links_apart") <= bar
    return float((yes.sum() + no.sum()) / (len(yes) + len(no)))


def _three_class(answers: Answers) -> float:
    """Each one-way link is asked both ways, as the source of the task does."""
    scores, wins, is_link = _both_ways(answers, "fit_")
    bar = best_threshold(scores, 2 * wins * is_link, 1 - is_link)
    scores, wins, is_link = _both_ways(answers, "")
    right = np.where(scores > bar, 2 * wins * is_link, 1 - is_link)
    return float(right.sum() / (2 * is_link + 1 - is_link).sum())


def _both_ways(
    answers: Answers, which: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """((k,) larger score, (k,) does it point the right way, (k,) is it a link)."""
    links, turned = answers.of(f"{which}one_way"), answers.of(f"{which}turned")
    none, back = answers.of(f"{which}apart"), answers.of(f"{which}apart_turned")
    forward, backward = np.concatenate([links, none]), np.concatenate([turned, back])
    is_link = np.repeat([1.0, 0.0], [len(links), len(none)])
    return np.maximum(forward, backward), pair_accuracy(forward, backward), is_link


def _reconstruction(k: int | float) -> Callable[[Answers], float]:
    """Precision@k; a fraction is a share of the training links."""

    def measure(answers: Answers) -> float:
        train = answers.questions.split.train
        links = train.num_edges - train.report.self_loops
        wanted = max(1, round(k * links)) if isinstance(k, float) else k
        if wanted > links:
            raise Unasked(f"there are only {links:,} training links")
        best = answers.best()
        if best.share < 1 and wanted * best.share < _FEWEST:
            raise Unasked(f"one pair in {1 / best.share:,.0f} is scored: too few")
        return best.precision(wanted)

    return measure


COLUMNS: dict[str, Column] = {
    "auc": Column("AUC", "any two nodes", 0.5, _auc("links", "uniform")),
    "ap": Column("AP", "any two nodes", 0.5, _ap("links", "uniform")),
    "hits@20": Column(
        "Hits@20", "links above the 20th best of any two nodes", math.nan, _hits(20)
    ),
    "hits@50": Column(
        "Hits@50", "links above the 50th best of any two nodes", math.nan, _hits(50)
    ),
    "hits@100": Column(
        "Hits@100", "links above the 100th best of any two nodes", math.nan, _hits(100)
    ),
    "mrr": Column(
        "MRR", "1 / rank of a link among any two nodes, all of them", math.nan, _mrr
    ),
    "precision": Column(
        "precision@|test|",
        "links among the best half of links and any two nodes",
        0.5,
        _precision,
    ),
    "auc_reversed:50": Column(
        "AUC rev. 50",
        "half of the negatives are test links turned round",
        0.5,
        _auc("links", "reversed:50"),
    ),
    "auc_reversed": Column(
        "AUC rev. 100",
        "the negatives are test links turned round, any two nodes for mutual ones",
        0.5,
        _auc("links", "reversed"),
    ),
    "auc_degree": Column(
        "AUC degree",
        "the ends of test links paired anew: degrees tell nothing",
        0.5,
        _auc("links", "degree"),
    ),
    "auc_two_hop": Column(
        "AUC two hop",
        "two random steps from the source of a test link",
        0.5,
        _auc("links", "two_hop"),
    ),
    "auc_one_way": Column(
        "AUC one-way",
        "one-way test links against their own reverses and nothing else",
        0.5,
        _auc("one_way", "turned"),
    ),
    "ap_one_way": Column(
        "AP one-way",
        "one-way test links against their own reverses and nothing else",
        0.5,
        _ap("one_way", "turned"),
    ),
    "pair_accuracy": Column(
        "pair accuracy",
        "s(u, v) > s(v, u) for a one-way test link; the direction task of MagNet",
        0.5,
        _pair_accuracy,
    ),
    "auc_bidirectional": Column(
        "AUC returned",
        "v -> u is known: is u -> v a link too; returned against one-way links",
        0.5,
        _auc("returned", "not_returned"),
    ),
    "ap_bidirectional": Column(
        "AP returned",
        "v -> u is known: is u -> v a link too; returned against one-way links",
        math.nan,
        _ap("returned", "not_returned"),
    ),
    "existence": Column(
        "existence",
        "accuracy: link, or two nodes with no link either way",
        0.5,
        _existence,
    ),
    "three_class": Column(
        "three classes",
        "accuracy: u -> v, v -> u or neither; mutual links left out",
        1 / 3,
        _three_class,
    ),
    "reconstruction@1000": Column(
        "P@1,000",
        "training links among the 1,000 best of all pairs",
        math.nan,
        _reconstruction(1_000),
    ),
    "reconstruction@10000": Column(
        "P@10,000",
        "training links among the 10,000 best of all pairs",
        math.nan,
        _reconstruction(10_000),
    ),
    "reconstruction@half": Column(
        "P@|E|/2",
        "training links among the best of all pairs, half as many as there are links",
        math.nan,
        _reconstruction(0.5),
    ),
    "reconstruction@links": Column(
        "P@|E|",
        "training links among the best of all pairs, as many as there are links",
        math.nan,
        _reconstruction(1.0),
    ),
    **{
        f"auc_support:{name}": Column(
            f"AUC, support {name}",
            f"any two nodes; {name} training links out of u or into v, whichever is less",
            0.5,
            _auc_of(name),
        )
        for name in SUPPORTS
    },
    **{
        f"pair_accuracy_support:{name}": Column(
            f"pair accuracy, support {name}",
            f"as pair accuracy; {name} training links out of u or into v, whichever is less",
            0.5,
            _pair_accuracy_of(name),
        )
        for name in SUPPORTS
    },
}
