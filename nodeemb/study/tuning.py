"""Which arm of a family stands for it, and is therefore run on every split of a data set.

    tune_on: n     the arms of a family are run on the splits of the first n seeds; on those of
                   the others only the one that is best on validation evidence there

A choice is made for each data set, kind of split and width. Arms that a contrast or a
control names by themselves are run on every split all the same, and so are all where a kind
of split has nothing to choose by. Test evidence chooses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from nodeemb.study.options import BEST_WIDTH, Study, at_width
from nodeemb.study.plan import Cell
from nodeemb.study.tasks import has_validation

Cells = Mapping[tuple[str, str, str, int], dict[str, Any]]
"""(data set, split, arm, seed) -> result, of the cells that are there."""


class Family(NamedTuple):
    """Two arms or more that stand for one method on a data set, at one width.

    width: of a curve; None: the study's own.
    """

    name: str
    width: int | None
    arms: tuple[str, ...]


class Plan(NamedTuple):
    """What a study runs, as far as that is known.

    cells: that are run, in order.
    waiting: for each cell whose arm is still to be chosen, what it may be.
    """

    cells: tuple[Cell, ...]
    waiting: tuple[tuple[Cell, ...], ...]


def families_of(study: Study, dataset: str) -> Iterator[Family]:
    """The families of a data set that have something to choose."""
    names = dict.fromkeys(arm.family for arm in study.arms if arm.family)
    own = study.width_of(dataset)
    for width in study.widths_of(dataset):
        at = None if width == own else width
        for name in names:
            arms = tuple(arms_at(study, name, dataset, at))
            if len(arms) > 1:
                yield Family(name, at, arms)


def arms_at(study: Study, family: str, dataset: str, width: int | None) -> list[str]:
    """The arms of a family that are done on a data set, at its own width or another."""
    done = {arm.called for arm in study.arms_of(dataset)}
    arms = study.families[family]
    if width is not None and width != study.width_of(dataset):
        arms = [at_width(arm, width) for arm in arms]
    return [arm for arm in arms if arm in done]


def tuned(study: Study, dataset: str, split: str) -> bool:
    """Whether some seeds of a kind of split are run with chosen arms alone."""
    count = study.tune_on_of(dataset)
    fewer = count is not None and count < len(study.seeds_of(dataset))
    return fewer and has_validation(split)


def choosing_seeds(study: Study, dataset: str, split: str) -> list[int]:
    """The seeds whose validation evidence chooses."""
    seeds = study.seeds_of(dataset)
    return seeds[: study.tune_on_of(dataset)] if tuned(study, dataset, split) else seeds


def chosen_of(
    study: Study, cells: Cells, dataset: str, split: str, arms: Sequence[str]
) -> str | None:
    """The arm that stands for some; None where nothing can choose it, or not yet.

    Where a few seeds choose, all their cells must be there, and an arm that failed on one of
    them is not chosen: its mean would be of other splits.
    """
    if len(arms) < 2:
        return arms[0] if arms else None
    found = {arm: _validation(study, cells, dataset, split, arm) for arm in arms}
    if tuned(study, dataset, split):
        seeds = choosing_seeds(study, dataset, split)
        places = [(dataset, split, arm, seed) for arm in arms for seed in seeds]
        if not all(place in cells for place in places):
            return None
        found = {arm: told for arm, told in found.items() if len(told) == len(seeds)}
    if not found or not all(found.values()):
        return None
    return max(found, key=lambda arm: fmean(found[arm]))


def _validation(
    study: Study, cells: Cells, dataset: str, split: str, arm: str
) -> list[float]:
    column = study.chosen_by_of(dataset)
    places = (
        (dataset, split, arm, seed) for seed in choosing_seeds(study, dataset, split)
    )
    told = (cells[place]["validation"] for place in places if place in cells)
    return [float(numbers[column]) for numbers in told if column in numbers]


def plan_of(study: Study, cells: Sequence[Cell], done: Cells) -> Plan:
    """Which of the cells of a study are run.

    Args:
        study: what was asked.
        cells: of all its arms on all its splits.
        done: results that are there.
    """
    out: set[tuple[str, str, str, int]] = set()
    waiting: list[tuple[tuple[str, str, str, int], ...]] = []
    places = {cell.place: cell for cell in cells}
    for dataset, split in dict.fromkeys(cell.place[:2] for cell in cells):
        if not tuned(study, dataset, split):
            continue
        named = _named(study, dataset)
        few = choosing_seeds(study, dataset, split)
        for family in families_of(study, dataset):
            arm = chosen_of(study, done, dataset, split, family.arms)
            known = _is_known(study, done, dataset, split, family)
            for seed in study.seeds_of(dataset):
                if seed in few:
                    continue
                row = [(dataset, split, one, seed) for one in family.arms]
                out |= {p for p in row if p[2] != arm and p[2] not in named}
                if not known:
                    waiting.append(tuple(row))
    return Plan(
        tuple(cell for cell in cells if cell.place not in out),
        tuple(tuple(places[place] for place in row) for row in waiting),
    )


def _is_known(
    study: Study, done: Cells, dataset: str, split: str, family: Family
) -> bool:
    """Whether every cell that chooses is there."""
    seeds = choosing_seeds(study, dataset, split)
    return all((dataset, split, a, s) in done for a in family.arms for s in seeds)


def _named(study: Study, dataset: str) -> set[str]:
    """Arms that a contrast or a control names by themselves."""
    here = dataset, study.group_of(dataset)
    names = [name for one in study.contrasts for name in (one.this, one.over)]
    names += [c.arm for c in study.controls if c.arm and c.dataset in here]
    families = {arm.family for arm in study.arms}
    return {
        arm
        for name in names
        if name.removesuffix(BEST_WIDTH) not in families
        for arm in study.families[name]
    }


def ready(plan: Plan, todo: Sequence[Cell]) -> list[Cell]:
    """Those of some cells that wait for no choice on their split: see `Plan.waiting`.

    A split whose arms are not all known waits as a whole, so that it is dealt once.
    """
    wait = {_split(row[0]) for row in plan.waiting}
    return [cell for cell in todo if _split(cell) not in wait]


def _split(cell: Cell) -> tuple[str, str, int]:
    return cell.dataset, cell.split, cell.seed
