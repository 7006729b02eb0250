"""Which arm of each family validation chose, and on which splits: what a report says of it."""

from __future__ import annotations

from statistics import fmean

from nodeemb.study.options import Study
from nodeemb.study.results import Results
from nodeemb.study.tuning import choosing_seeds, chosen_of, families_of, tuned

HEADS = ["data set", "split", "family", "chosen", "by", "on seeds", "beside"]


def rows(results: Results) -> list[list[str]]:
    """For people: a line for each family that something chose within."""
    study = results.study
    found = []
    for dataset, split in results.groups():
        column = study.chosen_by_of(dataset)
        seeds = choosing_seeds(study, dataset, split)
        for family in families_of(study, dataset):
            arm = chosen_of(study, results.cells, dataset, split, family.arms)
            if arm is None:
                continue
            name = family.name
            name += f", width {family.width}" if family.width is not None else ""
            means = {
                one: mean
                for one in family.arms
                if (mean := _mean(results, dataset, split, one, column, seeds))
                is not None
            }
            beside = (f"{a} {m:.4f}" for a, m in means.items() if a != arm)
            found.append(
                [
                    dataset, split, name, arm, f"{column} {means[arm]:.4f}",
                    ", ".join(map(str, seeds)), ", ".join(beside),
                ]
            )  # fmt: skip
    return found


def _mean(
    results: Results,
    dataset: str,
    split: str,
    arm: str,
    column: str,
    seeds: list[int],
) -> float | None:
    told = results.values(dataset, split, arm, column, "validation")
    values = [told[seed] for seed in seeds if seed in told]
    return fmean(values) if values else None


def label(results: Results, dataset: str, split: str, arm: str) -> str:
    """An arm's name in a table; where arms are tuned, with the splits it was run on."""
    study = results.study
    if not tuned(study, dataset, split):
        return arm
    count, seeds = len(results.keys(dataset, split, arm)), study.seeds_of(dataset)
    return arm if count == len(seeds) else f"{arm} ({count} of {len(seeds)} splits)"


def told(study: Study) -> list[str]:
    """How arms of families are tuned, in sentences; none where all are run on all splits."""
    counts: dict[int, list[str]] = {}
    for one in study.datasets:
        count = study.tune_on_of(one.called)
        if count is not None:
            counts.setdefault(count, []).append(one.group)
    groups = {one.group for one in study.datasets}
    return [
        f"{_where(names, groups)}the arms of a family are run on the first "
        f"{'split' if count == 1 else f'{count} splits'}, and on the others only those "
        "that validation chose there or that a contrast or a control names."
        for count, names in counts.items()
    ]


def _where(names: list[str], groups: set[str]) -> str:
    if set(names) == groups:
        return "Of each data set "
    listed = ", ".join(name or "no group" for name in dict.fromkeys(names))
    return f"Of data sets of {listed} "
