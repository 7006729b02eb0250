"""What a report says of foretold winners: a sentence a column, tables, what was wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from nodeemb.study.columns import ABOUT
from nodeemb.study.foretold import (
    ALL,
    PROPHETS,
    UNSEEN,
    Foretold,
    Tally,
    tallies,
    unseen,
    votes,
)
from nodeemb.study.winners import RUNGS

TITLE = "Is the winner foretold?"
NOTE = (
    "Winner: the smallest of single, signature, sign_skew and source_target that no larger one "
    "is above by more than the margin, on test evidence of the column that chooses. "
    "diagnose: what nodeemb diagnose recommends; two thresholds, of skew and of negative "
    "share (both below: single; negative above: signature; skew above: sign_skew; both: "
    "source_target), and the commonest winner are those of data sets of other origins alone, "
    "an origin being the first word of what a data set is read from. Not seen before: data sets "
    "whose origin had no part in the rules of diagnose. Near: what won is above what was "
    "said by no more than the margin. 95 %: Wilson's interval, too narrow "
    "where an origin has many data sets; by origin: the mean over origins. Lost: how far the "
    "winner is above what was said, on average. Diagnoses are of whole data sets, with what "
    "the study hides."
)
HEADS = [
    "column", "data sets", "foretold by", "right", "share", "95 %", "near",
    "origins", "by origin", "lost",
]  # fmt: skip
HEADS_CONFUSED = ["column", "foretold by", "won", *RUNGS]
HEADS_WRONG = ["data set", "column", "won", *PROPHETS, "skew", "negative"]

Told = Mapping[str, Sequence[Foretold]]


def sentences(told: Told) -> list[str]:
    """One a column."""
    counted = tallies(told)
    return [
        _sentence(column, some, [one for one in counted if one.column == column])
        for column, some in told.items()
    ]


def _sentence(column: str, told: Sequence[Foretold], counted: list[Tally]) -> str:
    found = {(one.which, one.prophet): one for one in counted}
    own, rule, often = (found[ALL, prophet] for prophet in PROPHETS)
    new = found.get((UNSEEN, "diagnose"))
    apart = votes(told)
    word = "not told from"
    if apart.p < 0.05:
        word = "better than" if apart.more > apart.less else "worse than"
    return (
        f"{ABOUT[column].title}: nodeemb diagnose foretold the winner of {own.right} of "
        f"{own.cases} data sets ({_share(own.right / own.cases)}, 95 % interval "
        f"{_share(own.low)} to {_share(own.high)}){_new(new, told)}; two thresholds chosen on "
        f"other origins, of {rule.right}; always the commonest winner of the others, of "
        f"{often.right}. Diagnose is {word} the commonest (more often right on "
        f"{apart.more} of {own.origins} origins, less often on {apart.less}, p "
        f"{apart.p:.3f})."
    )


def _new(new: Tally | None, told: Sequence[Foretold]) -> str:
    if new is not None:
        return f", and of {new.right} of the {new.cases} that had no part in its rules"
    if unseen(told):
        return "; no data set had a part in its rules"
    return "; every data set had been looked at while its rules were made"


def tables(told: Told) -> list[tuple[str, list[str], list[list[str]]]]:
    """(what, headings, rows) of those that have rows."""
    made = [
        ("How often each prophet is right", HEADS, rows(told)),
        ("What won and what was foretold", HEADS_CONFUSED, rows_confused(told)),
        ("Data sets that were foretold wrongly", HEADS_WRONG, rows_wrong(told)),
    ]
    return [one for one in made if one[2]]


def rows(told: Told) -> list[list[str]]:
    """For people: how often each prophet was right."""
    return [
        [
            one.column, one.which, one.prophet, f"{one.right} of {one.cases}",
            _share(one.right / one.cases), f"{_share(one.low)} .. {_share(one.high)}",
            str(one.near), str(one.origins), _share(one.even), f"{one.lost:.4f}",
        ]
        for one in tallies(told)
    ]  # fmt: skip


def rows_confused(told: Told) -> list[list[str]]:
    """For people: a line for each rung that won, a column for each that was foretold."""
    found = []
    for column, some in told.items():
        for prophet in PROPHETS:
            times = Counter((one.case.contest.won, one.said[prophet]) for one in some)
            found += [
                [column, prophet, won, *(str(times[won, said]) for said in RUNGS)]
                for won in RUNGS
                if any(times[won, said] for said in RUNGS)
            ]
    return found


def rows_wrong(told: Told) -> list[list[str]]:
    """For people: what diagnose or the two thresholds had wrong, with what is lost by it."""
    return [
        [
            _name(one), column, one.case.contest.won,
            *(_said(one, prophet) for prophet in PROPHETS),
            f"{one.case.skew:.3f}", f"{one.case.negative:.3f}",
        ]
        for column, some in told.items()
        for one in some
        if not (one.right("diagnose") and one.right("two thresholds"))
    ]  # fmt: skip


def _name(one: Foretold) -> str:
    return f"{one.case.contest.dataset}, {one.case.contest.split}"


def _said(one: Foretold, prophet: str) -> str:
    said = one.said[prophet]
    if one.right(prophet):
        return said
    return f"{said} (wrong, {-one.case.contest.lost(said):+.4f})"


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"
