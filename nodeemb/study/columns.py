"""What studies measure, by name, and which kind of split can ask it.

| split | hides | columns |
|---|---|---|
| half, dirlinkbench, ... | links | nodeemb.evaluation.columns |
| counts | half of the events or sentences | gain |
| signs | 20 % of signed links | sign_auc, sign_gain, ... |
| whole | nothing: what is asked is not in the graph | bless_ap, bless_order, ... |
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from nodeemb.errors import WrongUse, unknown_name
from nodeemb.evaluation.columns import COLUMNS

LINKS, COUNTS, SIGNS, WHOLE = "links", "counts", "signs", "whole"


class About(NamedTuple):
    """A column: heading, what is asked, what guessing gives, which splits can ask it."""

    title: str
    asks: str
    guess: float
    splits: str


_WORDS = {
    "bless_ap": ("bless", "average precision", "hypernyms among other relations"),
    "bless_order": ("bless", "order", "which of two words is the hypernym"),
    "leds_ap": ("leds", "average precision", "hypernyms among pairs of other words"),
    "leds_order": ("leds", "order", "which of two words is the hypernym"),
    "hyperlex": ("hyperlex", "spearman", "how much a word is a kind of another"),
    "hyperlex_order": ("hyperlex", "order", "which of two words is the hypernym"),
    "usf_order": ("usf", "order", "which of two words makes people say the other"),
    "sp10k_dobj": ("sp-10k-dobj", "spearman", "how well a noun is a verb's object"),
    "sp10k_nsubj": ("sp-10k-nsubj", "spearman", "how well a noun is a verb's subject"),
}
WORD_SETS = {name: told[:2] for name, told in _WORDS.items()}
"""Column -> (word set, metric), by the model's own score."""

_SIGNS = {
    "sign_auc": ("AUC of signs", "is a hidden link positive", 0.5),
    "sign_gain": (
        "AUC beyond degrees",
        "the same with eight degree counts beside the model, less degrees alone",
        0.0,
    ),
    "sign_f1": ("macro F1 of signs", "is a hidden link positive", math.nan),
    "three_class_gain": (
        "AUC of three classes beyond degrees",
        "positive, negative or no link, with degrees, less degrees alone",
        0.0,
    ),
}

ABOUT: dict[str, About] = {
    **{
        name: About(column.title, column.asks, column.guess, LINKS)
        for name, column in COLUMNS.items()
    },
    "gain": About(
        "gain",
        "thousandths of a nat per hidden event: log likelihood, against noise, beyond "
        "what popularity alone gives",
        0.0,
        COUNTS,
    ),
    **{name: About(*told, SIGNS) for name, told in _SIGNS.items()},
    **{
        name: About(name.replace("_", " "), asks, math.nan, WHOLE)
        for name, (_, _, asks) in _WORDS.items()
    },
}


def of_a_part(column: str) -> bool:
    """Whether a column is asked of a part of the links, such as those of one support."""
    return "_support:" in column


def check_columns(names: Iterable[str], splits: Iterable[str]) -> None:
    """Refuses a column that does not exist, or that a kind of split cannot ask.

    Raises:
        WrongUse: with those that it can.
    """
    for name in names:
        if name not in ABOUT:
            raise unknown_name("column", name, ABOUT)
        for split in splits:
            kind = split if split in (COUNTS, SIGNS, WHOLE) else LINKS
            if ABOUT[name].splits != kind:
                known = [one for one, about in ABOUT.items() if about.splits == kind]
                raise WrongUse(
                    f"a split of {split} cannot ask the column {name}",
                    allowed=", ".join(known),
                )
