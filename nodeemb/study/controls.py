"""Controls of a study: what had to come out in a known way, and whether it did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nodeemb.study.contrasts import Answer, chosen
from nodeemb.study.options import Study
from nodeemb.study.parts import Control
from nodeemb.study.results import Results

HEADS = ["", "data set", "column", "what", "asked", "found", "why"]


class Checked(NamedTuple):
    """A control on one data set.

    held: None where its cells are not there yet.
    what: the arm or the contrast. asked, found: for people.
    """

    dataset: str
    column: str
    what: str
    asked: str
    found: str
    held: bool | None
    why: str


def checked(results: Results, told: Sequence[Answer]) -> list[Checked]:
    """Every control on each of its data sets, in order."""
    found = []
    for control in results.study.controls:
        for dataset, split in results.groups():
            group = results.study.group_of(dataset)
            if control.dataset not in (dataset, group):
                continue
            if control.arm is not None:
                found.append(_value(results, control, control.arm, dataset, split))
            elif control.same_sign_as is not None:
                twin = _twin(results.study, dataset, control.same_sign_as)
                found.append(_same_sign(control, dataset, split, twin, told))
            else:
                found.append(_verdict(control, dataset, split, told))
    return found


def _value(
    results: Results, control: Control, family: str, dataset: str, split: str
) -> Checked:
    arm = chosen(results, family, dataset, split)
    number = None
    if arm is not None:
        number = results.number(dataset, split, arm, control.column)
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (("at least", control.low), ("at most", control.high))
        if abs(bound) < 1e9
    ]
    held = None if number is None else control.low <= number.mean <= control.high
    said = "" if number is None else f"{number.mean:.4f}"
    return Checked(
        dataset, control.column, family, " and ".join(bounds), said, held, control.why
    )


def _verdict(
    control: Control, dataset: str, split: str, told: Sequence[Answer]
) -> Checked:
    assert control.contrast is not None
    place = (control.contrast, control.column, dataset, split)
    mine = [a for a in told if (a.contrast, a.column, a.dataset, a.split) == place]
    held, said = None, ""
    if mine:
        one = mine[0].found
        held = one.verdict in control.verdicts
        said = f"{one.verdict}, {one.mean:+.4f} ({one.low:+.4f} .. {one.high:+.4f})"
    asked = " or ".join(control.verdicts)
    return Checked(
        dataset, control.column, control.contrast, asked, said, held, control.why
    )


def _same_sign(
    control: Control, dataset: str, split: str, twin: str, told: Sequence[Answer]
) -> Checked:
    here, there = (
        {
            a.contrast: a.found.verdict
            for a in told
            if (a.dataset, a.split, a.column) == (name, split, control.column)
        }
        for name in (dataset, twin)
    )
    both = [name for name in here if name in there]
    turned = [n for n in both if {here[n], there[n]} == {"better", "worse"}]
    said = f"{len(both) - len(turned)} of {len(both)}" if both else ""
    if turned:
        said += f", not {', '.join(turned)}"
    asked = f"no other sign than on {twin}"
    held = not turned if both else None
    return Checked(
        dataset, control.column, "each contrast", asked, said, held, control.why
    )


def _twin(study: Study, dataset: str, other: str) -> str:
    """The data set of a group that is of the same data as another; or the one named."""
    if other not in study.groups:
        return other
    held = {
        one.called: one.model_dump(exclude={"name", "group"}) for one in study.datasets
    }
    twins = [
        name
        for name, data in held.items()
        if data == held[dataset] and study.group_of(name) == other
    ]
    return twins[0] if twins else other


def rows(found: Sequence[Checked]) -> list[list[str]]:
    """For people: those that failed first."""
    words = {True: "held", False: "FAILED", None: "not done"}
    order = sorted(found, key=lambda one: (one.held is not False, one.held is None))
    return [
        [words[one.held], one.dataset, one.column, one.what, one.asked, one.found, one.why]
        for one in order
    ]  # fmt: skip


def failures(found: Sequence[Checked]) -> str:
    """What did not come out as it must, in a sentence that stands first; "" for nothing."""
    failed = [one for one in found if one.held is False]
    if not failed:
        return ""
    told = "; ".join(
        f"{one.dataset}, {one.what}, {one.column}: {one.found}" for one in failed
    )
    done = sum(one.held is not None for one in found)
    return f"{len(failed)} of {done} controls did not come out as they must: {told}."


def summary(found: Sequence[Checked]) -> str:
    """How many held, in a sentence."""
    done = [one for one in found if one.held is not None]
    failed = [one for one in done if not one.held]
    if not found:
        return ""
    if not done:
        return f"None of {len(found)} controls is done yet."
    begun = f"{len(done) - len(failed)} of {len(done)} controls came out as they must"
    left = (
        f"; {len(found) - len(done)} are not done yet" if len(done) < len(found) else ""
    )
    return f"{begun}{left}."
