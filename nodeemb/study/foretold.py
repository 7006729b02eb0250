"""Is the winning rung of a data set foretold by what nodeemb diagnose measures of it?

Three prophets, none of which knows the results of the data set itself:

| prophet | says |
|---|---|
| diagnose | what nodeemb diagnose recommends, by rules that were fixed before the study |
| two thresholds | by skew and negative share, below or above: see the next table |
| commonest | the rung that won most of the other data sets, the smaller one of equals |

| | negative share below | above |
|---|---|---|
| skew share below | single | signature |
| above | sign_skew | source_target |

The thresholds, and the commonest, are of data sets of other origins alone (leave one origin
out: a text has many windows and twins, a graph has nulls). Those are chosen that have most of
the others right, the highest of equals, so that in doubt the smaller rung is said. A share that
is undecided is below every threshold. Columns are asked apart.

Accuracy has Wilson's interval, as if data sets were independent; beside it stands the mean
over origins, which lets each of them count once. Whether diagnose is better than the
commonest is told by an exact sign test over origins.

Source: Wilson. Probable inference. J. Am. Stat. Assoc. 22, 1927.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from nodeemb.diagnosis.recommend import LOOKED_AT, recommend
from nodeemb.errors import DataRefused
from nodeemb.study.datasets import first_word
from nodeemb.study.dose import FEWEST
from nodeemb.study.results import Results
from nodeemb.study.winners import RUNGS, Contest, contests

PROPHETS = ("diagnose", "two thresholds", "commonest")
ALL, UNSEEN = "all", "not seen before"


class Case(NamedTuple):
    """A contest, the shares of its data set (nan where undecided), and what diagnose says."""

    contest: Contest
    skew: float
    negative: float
    advice: str


class Rule(NamedTuple):
    """Thresholds of the two shares."""

    skew: float
    negative: float

    def says(self, case: Case) -> str:
        """One of the rungs."""
        skewed, repels = case.skew > self.skew, case.negative > self.negative
        return RUNGS[2 * skewed + repels]


class Foretold(NamedTuple):
    """A case and what each prophet says of it."""

    case: Case
    said: dict[str, str]

    def right(self, prophet: str) -> bool:
        """Whether it is what won."""
        return self.said[prophet] == self.case.contest.won


class Tally(NamedTuple):
    """How often a prophet was right.

    which: ALL, or UNSEEN: those whose origin had no part in the rules of diagnose.
    near: how often the winner is above what was said by no more than the margin.
    low, high: Wilson's 95 % interval of the share that is right.
    origins: how many. even: the mean over origins of the share in each.
    lost: how far the winner is above what was said, on average.
    """

    column: str
    which: str
    prophet: str
    right: int
    near: int
    cases: int
    low: float
    high: float
    origins: int
    even: float
    lost: float


def foretold(results: Results) -> dict[str, list[Foretold]]:
    """Column -> its cases, where the study diagnoses and has enough data sets."""
    if not results.study.dose:
        return {}
    columns: dict[str, list[Case]] = {}
    for contest in contests(results):
        case = _case(contest, results.diagnoses.get(contest.dataset, {}))
        if case is not None:
            columns.setdefault(contest.column, []).append(case)
    return {
        column: prophesied(cases)
        for column, cases in columns.items()
        if len({one.contest.dataset for one in cases}) >= FEWEST
        and len({one.contest.origin for one in cases}) > 1
    }


def _case(contest: Contest, told: Mapping[str, Any]) -> Case | None:
    """None where its graph is not diagnosed, or by another version."""
    from nodeemb.diagnosis.result import Diagnosis

    try:
        found = Diagnosis.from_dict(told)
    except DataRefused:
        return None
    advice = recommend(found).scheme
    return Case(contest, found.skew.value, found.negative.value, advice)


def prophesied(cases: Sequence[Case]) -> list[Foretold]:
    """What is said of each; nothing of an origin is learned from."""
    learned = {}
    for origin in {one.contest.origin for one in cases}:
        others = [one for one in cases if one.contest.origin != origin]
        learned[origin] = rule_of(others), commonest(others)
    found = []
    for case in cases:
        rule, often = learned[case.contest.origin]
        said = (case.advice, rule.says(case), often)
        found.append(Foretold(case, dict(zip(PROPHETS, said, strict=True))))
    return found


def rule_of(cases: Sequence[Case]) -> Rule:
    """The thresholds that have most cases right; of equals the highest, skew before negative."""
    skew = np.array([case.skew for case in cases])
    negative = np.array([case.negative for case in cases])
    won = np.array([RUNGS.index(case.contest.won) for case in cases])
    cuts = _cuts(negative)
    best, rule = -1, Rule(np.inf, np.inf)
    for cut in _cuts(skew):
        said = 2 * (skew > cut) + (negative > cuts[:, None])
        right = (said == won).sum(axis=1)
        if right.max() > best:
            best, rule = right.max(), Rule(float(cut), float(cuts[right.argmax()]))
    return rule


def _cuts(values: np.ndarray) -> np.ndarray:
    """Above all values, between neighbours, below all: the highest first."""
    known = np.unique(values[~np.isnan(values)])
    between = (known[1:] + known[:-1]) / 2
    return np.concatenate([[np.inf], between[::-1], [-np.inf]])


def commonest(cases: Sequence[Case]) -> str:
    """The rung that won most often; the smaller one of equals."""
    times = Counter(case.contest.won for case in cases)
    return max(RUNGS, key=lambda rung: times[rung])


def tallies(found: Mapping[str, Sequence[Foretold]]) -> list[Tally]:
    """Each prophet in each column, over all data sets and over those not seen before."""
    return [
        _tally(column, which, prophet, some)
        for column, told in found.items()
        for which, some in ((ALL, told), (UNSEEN, unseen(told)))
        if some and (which == ALL or len(some) < len(told))
        for prophet in PROPHETS
    ]


def unseen(told: Sequence[Foretold]) -> list[Foretold]:
    """Those whose origin had no part in the rules of diagnose."""
    seen = {first_word(name) for name in LOOKED_AT}
    return [one for one in told if one.case.contest.origin not in seen]


def _tally(column: str, which: str, prophet: str, told: Sequence[Foretold]) -> Tally:
    from scipy.stats import binomtest

    right = sum(one.right(prophet) for one in told)
    bounds = binomtest(right, len(told)).proportion_ci(0.95, method="wilson")
    shares = by_origin(told, prophet)
    lost = fmean(one.case.contest.lost(one.said[prophet]) for one in told)
    near = sum(one.case.contest.near(one.said[prophet]) for one in told)
    return Tally(
        column, which, prophet, right, near, len(told), float(bounds.low),
        float(bounds.high), len(shares), fmean(shares.values()), lost,
    )  # fmt: skip


def by_origin(told: Sequence[Foretold], prophet: str) -> dict[str, float]:
    """Origin -> share of its cases that a prophet has right."""
    found: dict[str, list[bool]] = {}
    for one in told:
        found.setdefault(one.case.contest.origin, []).append(one.right(prophet))
    return {origin: fmean(map(float, right)) for origin, right in found.items()}


class Votes(NamedTuple):
    """On how many origins diagnose is more often right than the commonest, and less often.

    p: of the exact sign test; 1 where they are equal on all.
    """

    more: int
    less: int
    p: float


def votes(told: Sequence[Foretold]) -> Votes:
    """Diagnose against the commonest, an origin a vote."""
    from scipy.stats import binomtest

    own, other = by_origin(told, "diagnose"), by_origin(told, "commonest")
    more = sum(own[origin] > other[origin] for origin in own)
    less = sum(own[origin] < other[origin] for origin in own)
    p = float(binomtest(more, more + less).pvalue) if more + less else 1.0
    return Votes(more, less, p)
