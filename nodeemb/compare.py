"""Compare role schemes or methods: the same hidden links, seeds and width for every arm.

    for each seed: split -> baselines; for each arm: train, score, forget -> one report

The result is a folder:

| file | holds |
|---|---|
| report.html | the whole result for people, in one page |
| report.json, report.txt | every number; the table as text |
| config.yaml | the comparison with every choice written out: enough to repeat it |
| manifest.json | state, versions, hashes, threads, how each arm's training went |
| metrics.jsonl | a line for each seed, arm and epoch |
| graph-report.json | what was found in the graph |
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from nodeemb.choices import dump_yaml
from nodeemb.comparison import Comparison, arm_recipe, written_out
from nodeemb.embedding.embedding import Embedding
from nodeemb.engine import count_threads
from nodeemb.errors import Diverged, WrongUse
from nodeemb.evaluation.follow import evaluate_protocol
from nodeemb.evaluation.link_report import LinkReport, merge
from nodeemb.evaluation.links import evaluate_links
from nodeemb.evaluation.protocol_page import write_protocol_page
from nodeemb.evaluation.protocol_report import ProtocolReport, merge_protocols
from nodeemb.evaluation.protocol_split import protocol_split
from nodeemb.evaluation.protocols import protocol
from nodeemb.evaluation.report import write_html
from nodeemb.evaluation.split import Split, split_edges
from nodeemb.graph.ids import Ids
from nodeemb.io.atomic import write_json
from nodeemb.io.folders import check_new_folder, new_folder
from nodeemb.io.labels import Labels, dataset_labels, read_labels
from nodeemb.manifest import environment
from nodeemb.material import check_graph
from nodeemb.progress import Progress, ProgressFn
from nodeemb.recipe import Recipe
from nodeemb.run import embed
from nodeemb.runs import (
    CONFIG,
    GRAPH_REPORT,
    MANIFEST,
    METRICS,
    default_folder,
    json_lines,
    manifest_head,
    write_folder,
)

if TYPE_CHECKING:
    from nodeemb.graph.graph import Graph

Report: TypeAlias = LinkReport | ProtocolReport
REPORT, REPORT_JSON, REPORT_TEXT = "report.html", "report.json", "report.txt"
_HEAD = (
    "# Every choice of this comparison. Again: nodeemb evaluate --config THIS_FILE\n"
)


@dataclass(frozen=True, eq=False)
class Job:
    """A comparison that is ready to start; nothing has been written yet.

    Attributes:
        comparison: with every choice written out.
        recipes: of the arms, in their order.
        graph: the whole graph.
        folder: where the result will be.
        labels: classes of the nodes, where the protocol asks for them.
    """

    comparison: Comparison
    recipes: tuple[Recipe, ...]
    graph: Graph
    folder: Path
    labels: Labels | None = None


class Fit(NamedTuple):
    """How the training of one arm with one seed went."""

    arm: str
    seed: int
    training: dict[str, Any]
    notes: list[str]


class Done(NamedTuple):
    """A finished comparison."""

    folder: Path
    report: Report
    fits: list[Fit]
    seconds: float


def prepare(
    comparison: Comparison,
    options: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
) -> Job:
    """Fills in every arm's recipe, reads the graph and finds the folder.

    Args:
        comparison: what to compare.
        options: dotted names to values, laid over every arm.
        out: the folder to make; by default runs/<date>-<name>-<hash>.

    Raises:
        WrongUse: a choice that does not exist, or an existing folder.
        DataRefused: the graph cannot be taken as it is.
    """
    if out is not None:
        check_new_folder(out)
    recipes = [arm_recipe(comparison, arm, options) for arm in comparison.arms]
    graph = comparison.input.read()
    for recipe in recipes:
        check_graph(graph, recipe, recipe.scheme())
    labels = _labels(comparison, graph)
    for recipe in recipes:
        _check_role(comparison, recipe)
    comparison = written_out(comparison, recipes)
    if out is None:
        text = dump_yaml(comparison.model_dump())
        out = default_folder(comparison.name, text, graph)
    return Job(comparison, tuple(recipes), graph, check_new_folder(out), labels)


def _labels(comparison: Comparison, graph: Graph) -> Labels | None:
    if comparison.protocol is None or protocol(comparison.protocol).asks != "labels":
        return None
    if comparison.labels is not None:
        return read_labels(comparison.labels, graph)
    if comparison.input.card is None:
        raise WrongUse(
            f"the protocol {comparison.protocol} needs labels of the nodes",
            next_step="Name their file: --labels FILE, a node and its class on each line",
        )
    return dataset_labels(comparison.input.name, graph)


def _check_role(comparison: Comparison, recipe: Recipe) -> None:
    """Refuses a role before anything is trained; an embedding of no node has all names."""
    empty = np.empty((0, 0))
    roles = recipe.roles
    Embedding(
        Ids(0), empty, recipe.scheme(), comparison.width, roles.biases
    ).check_role(comparison.role or "concat")


def carry_out(
    job: Job, threads: int | None = None, progress: ProgressFn | None = None
) -> Done:
    """Trains and scores every arm, and writes the folder; an error leaves nothing.

    Raises:
        Diverged: an arm's loss became non-finite; the message names the arm.
    """
    begun = time.monotonic()
    threads = count_threads(threads)
    clock = _Clock(job, progress)
    reports: list[Report] = []
    fits: list[Fit] = []
    for seed in job.comparison.seeds:
        report, more = _one_seed(job, seed, threads, clock)
        reports.append(report)
        fits += more
    report = _merge(reports)
    seconds = time.monotonic() - begun
    _write(job, report, fits, threads, seconds)
    return Done(job.folder, report, fits, seconds)


def _one_seed(
    job: Job, seed: int, threads: int, clock: _Clock
) -> tuple[Report, list[Fit]]:
    """One repetition: baselines once, then one embedding in memory at a time."""
    split = _split(job, seed)
    clock.next(f"seed {seed}: baselines")
    baselines: Any = _ask(job, {}, split, baselines=True)
    rows: list[Any] = []
    fits: list[Fit] = []
    for recipe in job.recipes:
        fit, report = _one_arm(job, recipe, split, threads, clock)
        fits.append(fit)
        rows += report.rows
    return replace(baselines, rows=(*rows, *baselines.rows)), fits


def _split(job: Job, seed: int) -> Split:
    comparison = job.comparison
    if comparison.protocol is not None:
        return protocol_split(comparison.protocol, job.graph, seed)
    hidden = comparison.split
    return split_edges(
        job.graph,
        hidden.test,
        hidden.validation,
        seed,
        reciprocal=hidden.reciprocal,
        connected=hidden.connected,
    )


def _ask(job: Job, models: dict[str, Any], split: Split, *, baselines: bool) -> Report:
    seed = split.manifest["seed"]
    if job.comparison.protocol is not None:
        return evaluate_protocol(
            models,
            split,
            seed=seed,
            baselines=baselines,
            labels=job.labels,
            role=job.comparison.role,
        )
    kinds = job.comparison.negatives
    return evaluate_links(models, split, kinds, seed=seed, baselines=baselines)


def _merge(reports: list[Any]) -> Report:
    if isinstance(reports[0], ProtocolReport):
        return merge_protocols(reports)
    return merge(reports)


def _one_arm(
    job: Job, recipe: Recipe, split: Split, threads: int, clock: _Clock
) -> tuple[Fit, Report]:
    seed = split.manifest["seed"]
    kinds = job.comparison.negatives
    clock.next(f"seed {seed}: {recipe.name}")
    # a factorisation has no epochs to choose from
    checked = len(split.validation) > 0 and recipe.factorise is None
    try:
        embedding = embed(
            split.train,
            recipe,
            seed=seed,
            threads=threads,
            validation=split if checked else None,
            validation_negatives=kinds or ("uniform",),
            progress=clock.inner,
        )
    except Diverged as error:
        raise Diverged(
            error.what, where=f'arm "{recipe.name}"', next_step=error.next_step
        ) from None
    record = embedding.manifest
    fit = Fit(recipe.name, seed, record["training"], record["notes"])
    clock.next(f"seed {seed}: {recipe.name}, scoring")
    return fit, _ask(job, {recipe.name: embedding}, split, baselines=False)


class _Clock:
    """Progress over all arms: training and scoring an arm count alike."""

    def __init__(self, job: Job, progress: ProgressFn | None) -> None:
        self.stages = len(job.comparison.seeds) * (1 + 2 * len(job.recipes))
        self.stage, self.task = -1, ""
        self.began = time.monotonic()
        self.progress = progress

    def next(self, task: str) -> None:
        """Begins another stage."""
        self.stage, self.task = self.stage + 1, task
        self._show(Progress("", 0, 0, "", None, 0))

    def inner(self, inner: Progress) -> None:
        """Passes on the progress of a stage."""
        self._show(inner)

    def _show(self, inner: Progress) -> None:
        if self.progress is not None:
            task = f"{self.task}, {inner.task}" if inner.task else self.task
            share = (self.stage + inner.share) / self.stages
            seconds = time.monotonic() - self.began
            self.progress(replace(inner, task=task, share=share, seconds=seconds))


def _write(
    job: Job, report: Report, fits: list[Fit], threads: int, seconds: float
) -> None:
    config = _HEAD + dump_yaml(job.comparison.model_dump())
    lines = [
        {"arm": fit.arm, "seed": fit.seed, **epoch}
        for fit in fits
        for epoch in fit.training["epochs"]
    ]
    manifest = {
        **manifest_head("comparison", config, ""),
        "graph_hash": job.graph.digest(),
        "seeds": job.comparison.seeds,
        "threads": threads,
        "seconds": round(seconds, 3),
        "arms": [
            {"arm": f.arm, "seed": f.seed, "notes": f.notes, **_brief(f.training)}
            for f in fits
        ],
        "environment": environment(),
    }
    texts = {
        CONFIG: config,
        METRICS: json_lines(lines),
        REPORT_TEXT: report.table() + "\n",
    }
    with new_folder(job.folder) as folder:
        write_folder(folder, texts)
        write_json(folder / GRAPH_REPORT, job.graph.report.as_dict())
        write_json(folder / REPORT_JSON, report.as_dict())
        _write_page(job, report, folder / REPORT, _notes(job, fits))
        write_json(folder / MANIFEST, manifest)


def _write_page(job: Job, report: Report, path: Path, notes: list[str]) -> None:
    texts: dict[str, Any] = {
        "title": job.comparison.title,
        "data": _data(job),
        "notes": notes,
        "repeat": [f"nodeemb evaluate --config {CONFIG}    # in this folder"],
    }
    if isinstance(report, ProtocolReport):
        write_protocol_page(report, path, **texts)
    else:
        write_html(report, path, **texts)


def _brief(training: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in training.items() if key != "epochs"}


def _data(job: Job) -> str:
    """The data set as its card says, or the file's name."""
    card = job.comparison.input.card
    if card is None:
        return f"The graph is read from {Path(job.comparison.input.name).name}."
    return f"{card.title} ({card.name}). {card.direction}"


def _notes(job: Job, fits: list[Fit]) -> list[str]:
    comparison = job.comparison
    told = [
        f"Every model has {comparison.width} floats a node, shared out among its roles, "
        "and biases besides where its name says so: tied is one number a node, free is "
        "one as a source and one as a target.",
        *comparison.notes,
    ]
    noted: dict[str, list[str]] = {}
    for fit in fits:
        for note in fit.notes if fit.seed == fits[0].seed else ():
            noted.setdefault(note, []).append(fit.arm)
    for note, arms in noted.items():
        whose = "All models" if len(arms) == len(job.recipes) > 1 else "; ".join(arms)
        told.append(f"{whose}: {note}.")
    return told
