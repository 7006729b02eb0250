"""What does not go together in a study: names that are not there, things said twice."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from nodeemb.errors import WrongUse, unknown_name
from nodeemb.study.columns import check_columns
from nodeemb.study.parts import Control
from nodeemb.study.tasks import check_kind

if TYPE_CHECKING:
    from nodeemb.study.options import Study


def check_study(study: Study) -> None:
    """Refuses a study that cannot be done as it is written.

    Raises:
        WrongUse: with what is wrong and what is allowed.
    """
    _check_repeats(study)
    _check_contrasts(study)
    _check_places(study)
    _check_groups(study)
    _check_columns(study)
    if study.pairs is not None and study.pairs_per_node is not None:
        raise WrongUse("pairs and pairs_per_node are both given", allowed="One")


def _check_repeats(study: Study) -> None:
    for what, values in (
        ("arm", [arm.called for arm in study.arms]),
        ("data set", [graph.called for graph in study.datasets]),
        ("split", study.splits),
        ("column", study.columns),
        ("seed", study.seeds),
    ):
        for value, times in Counter(values).items():
            if times > 1:
                raise WrongUse(f"the {what} {value} comes twice")


def _check_places(study: Study) -> None:
    """What arms are left out of, and the groups of data sets."""
    names = [*(one.called for one in study.datasets), *study.groups]
    for name in [name for arm in study.arms for name in arm.without]:
        if name not in names:
            raise unknown_name("data set in this study", name, names)
    for one in study.datasets:
        if one.group and one.group not in study.groups:
            raise unknown_name("group in this study", one.group, study.groups)


def _check_groups(study: Study) -> None:
    for group in study.groups.values():
        for other in filter(None, (group.like, group.counted_with)):
            if other not in study.groups:
                raise unknown_name("group in this study", other, study.groups)
        if group.like is not None and study.groups[group.like].like is not None:
            raise WrongUse(
                f"group {group.like} is itself like another",
                allowed="A group that says its choices",
            )
        counted = group.counted_with
        if counted is not None and study.groups[counted].counted_with is not None:
            raise WrongUse(
                f"group {counted} is itself counted with another",
                allowed="A group that is counted as it is",
            )
        for name in group.arms or []:
            if name not in study.families:
                raise unknown_name("arm in this study", name, study.families)


def _check_columns(study: Study) -> None:
    for one in study.datasets:
        splits, columns = study.splits_of(one.called), study.columns_of(one.called)
        for split in splits:
            check_kind(split)
        check_columns(columns, splits)
        chooses = study.contrasts or study.tune_on_of(one.called) is not None
        column = study.chosen_by_of(one.called)
        if chooses and column not in columns:
            raise unknown_name(f"column of {one.called}", column, columns)


def _check_contrasts(study: Study) -> None:
    families = study.families
    both = {arm.family for arm in study.arms} & {arm.called for arm in study.arms}
    if both:
        raise WrongUse(
            f"{min(both)} is an arm and a family of arms",
            next_step="Name one of them anew",
        )
    for name in [n for c in study.contrasts for n in (c.this, c.over)]:
        if name not in families:
            raise unknown_name("arm or family in this study", name, families)
    for column in study.margins:
        _check_column(study, column)
    for control in study.controls:
        _check_control(study, control)
    if study.contrasts and not study.margins:
        raise WrongUse(
            "contrasts have no margins",
            next_step="Say from which difference on a column matters: margins: {auc: 0.005}",
        )


def _check_control(study: Study, control: Control) -> None:
    datasets = [one.called for one in study.datasets]
    contrasts = [one.called for one in study.contrasts]
    known = [*study.groups, *datasets]
    for name in filter(None, (control.dataset, control.same_sign_as)):
        if name not in known:
            raise unknown_name("data set in this study", name, known)
    if control.arm is not None and control.arm not in study.families:
        raise unknown_name("arm or family in this study", control.arm, study.families)
    if control.contrast is not None and control.contrast not in contrasts:
        raise unknown_name("contrast in this study", control.contrast, contrasts)
    _check_column(study, control.column)


def _check_column(study: Study, column: str) -> None:
    more = (c for group in study.groups.values() for c in group.columns or [])
    known = [*study.columns, *more]
    if column not in known:
        raise unknown_name("column in this study", column, known)
