"""The table of a comparison on signed graphs: what each model says beyond degrees.

The gain of a model is its number with degrees beside it less that of degrees alone, on the
same split. Over n splits that share links an interval of the mean gain is

    mean +- t(n - 1) s sqrt(1 / n + test / (1 - test))

with s the spread of the gains, 95 %.

Source: Nadeau, Bengio. Inference for the generalization error. Machine Learning 52, 2003
(the corrected resampled t interval).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nodeemb.evaluation.signs import DEGREES

# the number of each task that gains are told of
MAIN = {"sign": "auc", "three_class": "auc", "direction": "accuracy"}


class Gain(NamedTuple):
    """A mean difference and half of its 95 % interval (NaN for one split)."""

    mean: float
    half: float

    def __str__(self) -> str:
        if math.isnan(self.half):
            return f"{self.mean:+.4f}"
        return f"{self.mean:+.4f} ± {self.half:.4f}"


def gain(differences: Sequence[float], test: float) -> Gain:
    """The mean of paired differences over splits, with its corrected interval.

    Args:
        differences: one a split.
        test: share of the links hidden for the test.
    """
    from scipy.stats import t

    n = len(differences)
    if n < 2:
        return Gain(float(np.mean(differences)), math.nan)
    spread = np.std(differences, ddof=1) * math.sqrt(1 / n + test / (1 - test))
    return Gain(float(np.mean(differences)), float(t.ppf(0.975, n - 1) * spread))


def tables(cells: Sequence[Mapping[str, Any]], test: float, control: str | None) -> str:
    """A table in Markdown for each graph, in the order of the cells.

    Args:
        cells: as `nodeemb.signed.read_cells`.
        test: share of the links hidden for the test.
        control: the arm that gains are also told against; None: none.
    """
    inputs = dict.fromkeys(cell["input"] for cell in cells)
    return "\n\n".join(
        _table(name, [c for c in cells if c["input"] == name], test, control)
        for name in inputs
    )


def _table(
    name: str, cells: list[Mapping[str, Any]], test: float, control: str | None
) -> str:
    numbers = [_numbers(cell) for cell in cells]
    tasks = [task for task in MAIN if any(key[2] == task for key in numbers[0])]
    heads = ["model", "CPU-s"]
    for task in tasks:
        heads += [f"{task} {MAIN[task]}", "with degrees", "gain over degrees"]
        heads += [f"gain over {control}"] * (control is not None)
        heads += ["macro F1 with degrees"] * (task != "direction")
    lines = [_cells_of(DEGREES, numbers, tasks, test, control, math.nan)]
    for arm in cells[0]["cpu_seconds"]:
        seconds = float(np.mean([cell["cpu_seconds"][arm] for cell in cells]))
        lines.append(_cells_of(arm, numbers, tasks, test, control, seconds))
    seeds = ", ".join(str(cell["seed"]) for cell in cells)
    rule = ["---", *["---:"] * (len(heads) - 1)]
    rows = "\n".join("| " + " | ".join(line) + " |" for line in [heads, rule, *lines])
    return f"{name} (seeds {seeds}; class weights: {cells[0]['facts']['class_weights']})\n\n{rows}"


def _numbers(cell: Mapping[str, Any]) -> dict[tuple[str, bool, str, str], float]:
    return {
        (row["model"], row["with_degrees"], row["task"], row["metric"]): row["value"]
        for row in cell["rows"]
    }


def _cells_of(
    arm: str,
    numbers: list[dict[tuple[str, bool, str, str], float]],
    tasks: list[str],
    test: float,
    control: str | None,
    seconds: float,
) -> list[str]:
    plain = arm == DEGREES
    line = [arm, "" if plain else f"{seconds:.1f}"]
    for task in tasks:
        metric = MAIN[task]
        alone = _each(numbers, arm, False, task, metric)
        both = alone if plain else _each(numbers, arm, True, task, metric)
        base = _each(numbers, DEGREES, False, task, metric)
        line.append(f"{np.mean(alone):.4f}")
        line.append("" if plain else f"{np.mean(both):.4f}")
        line.append("" if plain else str(gain(both - base, test)))
        if control is not None:
            rest = plain or arm == control
            held = both if rest else _each(numbers, control, True, task, metric)
            line.append("" if rest else str(gain(both - held, test)))
        if task != "direction":
            f1 = _each(numbers, arm, not plain, task, "macro_f1")
            line.append(f"{np.mean(f1):.4f}")
    return line


def _each(
    numbers: list[dict[tuple[str, bool, str, str], float]],
    arm: str,
    beside: bool,
    task: str,
    metric: str,
) -> np.ndarray:
    return np.array([found[arm, beside, task, metric] for found in numbers])
