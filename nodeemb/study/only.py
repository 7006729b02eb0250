"""A part of a study: some of its groups and data sets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from nodeemb.errors import unknown_name
from nodeemb.study.options import Study


def wanted(study: Study, only: Sequence[str]) -> list[str]:
    """Names of the data sets of some groups and of those named; of none: all.

    Raises:
        WrongUse: one that is not in the study.
    """
    groups = {one.called: one.group for one in study.datasets}
    for name in only:
        if name not in groups and name not in study.groups:
            known = [*study.groups, *groups]
            raise unknown_name("group or data set in this study", name, known)
    return [
        name
        for name, group in groups.items()
        if not only or name in only or group in only
    ]


def part_of(study: Study, only: Sequence[str]) -> Study:
    """The study with no other data sets, and no controls of others.

    Raises:
        WrongUse: one that is not in the study.
    """
    names = wanted(study, only)
    kept = [one for one in study.datasets if one.called in names]
    there = {*names, *(one.group for one in kept)}
    asked = [one for one in study.controls if one.dataset in there]
    part = study.model_copy(update={"datasets": kept, "controls": asked})
    for name, value in vars(type(study)).items():
        if isinstance(value, cached_property):  # what was found out of the whole
            part.__dict__.pop(name, None)
    return part
