"""What a split asks of a model: links that were hidden, or counts, signs, or word relations.

A task holds the graph that models are trained on, and measures columns of a trained one on
what was hidden for the test and for validation.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
from scipy.sparse import csr_array

from nodeemb.errors import WrongUse
from nodeemb.evaluation.columns import measured
from nodeemb.evaluation.questions import Answers, Questions, Unasked
from nodeemb.evaluation.scorer import ScoreRows
from nodeemb.evaluation.split import Split, split_edges
from nodeemb.graph.graph import Graph
from nodeemb.recipe import Recipe
from nodeemb.study.columns import COUNTS, SIGNS, WHOLE, WORD_SETS
from nodeemb.study.datasets import Material
from nodeemb.study.likelihood import gain, gains
from nodeemb.study.resampling import drawn_nodes, resampled_columns, resampled_ratio
from nodeemb.study.splits import SPLITS, check_split, hide, validation_test

KINDS = (COUNTS, SIGNS, WHOLE)
_EIGHTHS = (4, 1, 3)  # of the evidence: training, validation, test


class Model(NamedTuple):
    """What is measured.

    embedding, recipe: None for a baseline.
    """

    score_rows: ScoreRows
    embedding: Any = None
    recipe: Recipe | None = None


class Found(NamedTuple):
    """Numbers of columns on test and validation, and why others are none.

    replicates: column -> its number on the test for each draw of nodes, where asked for.
    """

    test: dict[str, float]
    validation: dict[str, float]
    unasked: dict[str, str]
    replicates: dict[str, list[float]] | None = None


class Task(Protocol):
    """A split of a data set.

    train: what models learn from. graph_hash, hash: of the data and of what is hidden.
    ratio: hidden for the test for each piece of training evidence; 0: no two splits are
        of the same evidence.
    """

    train: Graph
    graph_hash: str
    hash: str

    def measure(
        self, model: Model, columns: list[str], seed: int, resamples: int = 0
    ) -> Found:
        """Columns of a model, and `resamples` times those of other nodes, where they can be."""


class LinkTask:
    """Hidden links."""

    def __init__(self, split: Split) -> None:
        self.split, self.train = split, split.train
        self.graph_hash = split.manifest["graph_hash"]
        self.hash = split.manifest["hash"]

    def measure(
        self, model: Model, columns: list[str], seed: int, resamples: int = 0
    ) -> Found:
        """Columns of `nodeemb.evaluation.columns`."""
        test, unasked = _of_links(self.split, model.score_rows, columns, seed)
        moved = None
        if resamples:
            answers = Answers(
                Questions(self.split, seed), model.score_rows, "the model"
            )
            drawn = drawn_nodes(self.train.num_nodes, resamples, seed)
            moved = resampled_columns(answers, columns, drawn)
        inner = validation_test(self.split)
        validation: dict[str, float] = {}
        if inner is not None:
            validation, _ = _of_links(inner, model.score_rows, columns, seed)
        return Found(test, validation, unasked, moved)


def _of_links(
    split: Split, score: ScoreRows, columns: list[str], seed: int
) -> tuple[dict[str, float], dict[str, str]]:
    """(the columns that are numbers here, why the others are none)."""
    found = measured(Questions(split, seed), score, columns)
    numbers = {k: float(v) for k, v in found.values.items() if math.isfinite(v)}
    return numbers, found.reasons


class CountTask:
    """Hidden events or sentences: half to learn from, an eighth to choose by."""

    def __init__(self, material: Material, seed: int) -> None:
        from nodeemb.diagnosis.evidence import Evidence, of_graph

        if isinstance(material, Graph):
            material = of_graph(material, 0)
        assert isinstance(material, Evidence)
        if not material.events:
            raise WrongUse(
                "the split counts deals out events, and this graph has links that came once",
                allowed="Texts, doses, graphs whose weights are counts",
            )
        parts = material.parts(seed, _EIGHTHS)
        self._counts, self._validation, self._test = parts
        self.graph_hash, self.hash = (
            digest_of_counts(material.whole),
            digest_of_counts(*parts),
        )
        found = self._counts.tocoo()
        self.train = Graph.from_edges(
            found.row, found.col, weight=found.data, num_nodes=found.shape[0]
        )

    def measure(
        self, model: Model, columns: list[str], seed: int, resamples: int = 0
    ) -> Found:
        """`gain`, which only a model that was trained with noise has."""
        try:
            per_pair, power = _noise_of(model.recipe)
        except Unasked as why:
            return Found({}, {}, dict.fromkeys(columns, str(why)))
        asked = self._counts, per_pair, power
        total, events = gains(model.score_rows, self._test, *asked)
        test = 1000 * float(total.sum() / events.sum())
        chosen_by = 1000 * gain(model.score_rows, self._validation, *asked)
        moved = None
        if resamples:
            drawn = drawn_nodes(len(total), resamples, seed)
            moved = {"gain": resampled_ratio(1000 * total, events, drawn)}
        return Found({"gain": test}, {"gain": chosen_by}, {}, moved)


def _noise_of(recipe: Recipe | None) -> tuple[float, float]:
    """(noise for each pair, its power) of a recipe that has a likelihood."""
    if recipe is None or recipe.factorise is not None:
        raise Unasked("only a model trained with noise has this likelihood")
    noise, objective = recipe.noise, recipe.objective
    plain = noise.side == "target" and not (noise.uniform or noise.reversed)
    logistic = objective.kind == "logistic" and objective.target == "label"
    if not (plain and logistic and objective.shift == 0.0 and noise.per_pair > 0):
        raise Unasked(
            "the likelihood is of objective logistic with shift 0 and noise on the side "
            "target, by degree alone"
        )
    return noise.per_pair, noise.power


def digest_of_counts(*parts: csr_array) -> str:
    """A short hash of some arrays of counts."""
    state = hashlib.sha256()
    for part in parts:
        for values, kind in (
            (part.indptr, "<i8"),
            (part.indices, "<i8"),
            (part.data, "<f8"),
        ):
            state.update(np.asarray(values).astype(kind).tobytes())
    return state.hexdigest()[:16]


class SignTask:
    """Hidden signs: 20 % of the links, and 8 % that readouts are fitted on."""

    def __init__(self, material: Material, seed: int) -> None:
        graph = _graph(material, SIGNS)
        if graph.sign is None or not graph.directed:
            raise WrongUse(
                "the split signs hides signs, and this graph has none or no directions"
            )
        self.split = split_edges(graph, test=0.2, validation=0.08, seed=seed)
        self.train = self.split.train
        self.graph_hash = self.split.manifest["graph_hash"]
        self.hash = self.split.manifest["hash"]

    def measure(
        self, model: Model, columns: list[str], seed: int, resamples: int = 0
    ) -> Found:
        """AUC and F1 of signs, alone and beyond degrees."""
        from nodeemb.evaluation.signs import DEGREES, evaluate_signs

        if model.embedding is None:
            why = "degrees stand beside every model already"
            return Found({}, {}, dict.fromkeys(columns, why))
        tasks = ["sign"] + ["three_class"] * ("three_class_gain" in columns)
        report = evaluate_signs({"model": model.embedding}, self.split, tasks)

        def beyond(task: str) -> float:
            with_model = report.value("model", task, "auc", with_degrees=True)
            return with_model - report.value(DEGREES, task, "auc")

        known: dict[str, Callable[[], float]] = {
            "sign_auc": lambda: report.value("model", "sign", "auc"),
            "sign_f1": lambda: report.value("model", "sign", "macro_f1"),
            "sign_gain": lambda: beyond("sign"),
            "three_class_gain": lambda: beyond("three_class"),
        }
        return Found({name: known[name]() for name in columns}, {}, {})


class WholeTask:
    """Nothing is hidden: the questions are not of the graph's own links."""

    def __init__(self, material: Material) -> None:
        self.train = _as_links(material)
        self.graph_hash = self.hash = self.train.digest()

    def measure(
        self, model: Model, columns: list[str], seed: int, resamples: int = 0
    ) -> Found:
        """Word relations by the model's own score."""
        from nodeemb.evaluation.words import evaluate_words

        if model.embedding is None:
            why = "words are asked of models"
            return Found({}, {}, dict.fromkeys(columns, why))
        sets = list(dict.fromkeys(WORD_SETS[name][0] for name in columns))
        report = evaluate_words(model.embedding, sets, replicates=0)
        numbers, unasked = {}, {}
        for name in columns:
            row = report.value(*WORD_SETS[name], by="score")
            if row.value is None:
                unasked[name] = f"{row.known} of {row.asked} questions are known"
            else:
                numbers[name] = float(row.value)
        return Found(numbers, {}, unasked)


def _as_links(material: Material) -> Graph:
    """A graph as it is; of counts, a link for each pair that was counted."""
    if isinstance(material, Graph):
        return material
    if material.names is None:
        raise WrongUse(
            "what has no words cannot be asked for word relations",
            allowed="Texts, graphs of words",
        )
    found = material.whole.tocoo()
    return Graph.from_edges(
        found.row,
        found.col,
        weight=found.data,
        ids=material.names,
    )


def _graph(material: Material, kind: str) -> Graph:
    if isinstance(material, Graph):
        return material
    raise WrongUse(
        f"texts and doses are counts, and the split {kind} is of graphs",
        allowed=f"{COUNTS}; for texts also {WHOLE}",
    )


def make_task(material: Material, kind: str, seed: int) -> Task:
    """What a kind of split asks of a data set.

    Raises:
        WrongUse: a kind that this data set cannot have.
        DataRefused: too little to hide.
    """
    if kind == COUNTS:
        return CountTask(material, seed)
    if kind == SIGNS:
        return SignTask(material, seed)
    if kind == WHOLE:
        return WholeTask(material)
    return LinkTask(hide(_graph(material, kind), kind, seed))


def check_kind(name: str) -> None:
    """Refuses a kind of split that does not exist. Raises: as `check_split`."""
    if name not in KINDS:
        check_split(name, KINDS)


def has_validation(kind: str) -> bool:
    """Whether a kind of split hides evidence to choose by."""
    return kind == COUNTS or (kind not in KINDS and SPLITS[kind].validation > 0)


def held_ratio(kind: str) -> float:
    """Test evidence for each piece of training evidence, which splits of other seeds share."""
    if kind == COUNTS:
        return _EIGHTHS[2] / _EIGHTHS[0]
    if kind == SIGNS:
        return 0.2 / 0.72
    if kind == WHOLE:
        return 0.0
    rule = SPLITS[kind]
    return rule.test / (1 - rule.test - rule.validation)
