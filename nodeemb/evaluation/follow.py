"""Follow a published protocol: ask models and baselines what it asks, by its rule.

split = protocol_split("nerd", graph, seed=0)
result = nodeemb.embed(split.train, "nerd")
print(evaluate_protocol(result, split, seed=0).table())
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.evaluation.baselines import BASELINES, chosen_baselines
from nodeemb.evaluation.columns import COLUMNS, measured
from nodeemb.evaluation.links import describe_test, named_models
from nodeemb.evaluation.nodes import classify_nodes, label_facts, node_heads
from nodeemb.evaluation.protocol_report import Head, Number, ProtocolReport
from nodeemb.evaluation.protocols import PROTOCOLS, Protocol
from nodeemb.evaluation.questions import Questions
from nodeemb.evaluation.reconstruction import scored_share
from nodeemb.evaluation.scorer import ScoreRows, door
from nodeemb.evaluation.split import Split
from nodeemb.io.labels import Labels

# Those that look at a pair's ends only: the others take minutes on all pairs of a graph.
_QUICK = ("random", "in_degree", "degree_sum", "potential", "preferential_attachment")


def evaluate_protocol(
    result: Any,
    split: Split,
    *,
    seed: int = 0,
    baselines: bool | Sequence[str] = True,
    labels: Labels | None = None,
    role: str | None = None,
) -> ProtocolReport:
    """Measures what a protocol asks, for models and baselines alike.

    Args:
        result: an embedding trained on `split.train`, or a function (source rows,
            target rows) -> scores; or a dict of several, by name.
        split: what `protocol_split` returned; it knows its protocol.
        seed: of the negatives.
        baselines: True: all that the protocol has time for; or some by name, see
            `nodeemb.evaluation.baselines`; False: none.
        labels: for the protocol nodes: what `nodeemb.io.labels` read.
        role: for the protocol nodes: vectors of which role; None: all side by side.

    Returns:
        A number for every scorer and column, the shares of test links whose source has no
        training link out or whose target has none in, and what is known to be wrong with
        the protocol.

    Raises:
        WrongUse: a split of no protocol, a name that does not exist, something that
            cannot score or has no such vectors, or labels where they are missing or not
            asked for.
        DataRefused: a model of the whole graph where links are hidden, ids of another
            graph, scores that are not finite.
    """
    entry = _protocol_of(split)
    models = named_models(result)
    _check_labels(entry, labels, role)
    if labels is not None:
        return _ask_for_labels(models, split, labels, role, int(seed), bool(baselines))
    doors = {name: door(model, split.graph) for name, model in models.items()}
    for name, model in models.items():
        _check_training(name, model, split)
    questions = Questions(split, int(seed))
    rows: list[Number] = []
    for name, score in doors.items():
        rows += _numbers(name, "model", score, entry, questions)
    for name in _chosen(baselines, entry):
        score = BASELINES[name](split.train).score_rows
        rows += _numbers(name, "baseline", score, entry, questions)
    return ProtocolReport(entry.name, tuple(rows), _facts(entry, questions))


def _protocol_of(split: Any) -> Protocol:
    name = split.manifest.get("protocol") if isinstance(split, Split) else None
    if name not in PROTOCOLS:
        raise WrongUse(
            f"evaluate_protocol takes the split of a protocol, not a "
            f"{type(split).__name__} without one",
            next_step='split = protocol_split("nerd", graph); embed(split.train, ...); '
            "evaluate_protocol(result, split)",
        )
    return PROTOCOLS[name]


def _check_labels(entry: Protocol, labels: Labels | None, role: str | None) -> None:
    if entry.asks == "labels" and labels is None:
        raise WrongUse(
            f"the protocol {entry.name} needs labels of the nodes",
            next_step="read_labels(path, split.graph), or on the command line --labels",
        )
    if entry.asks == "links" and (labels is not None or role is not None):
        raise WrongUse(
            f"the protocol {entry.name} asks for scores: neither labels nor a role go "
            "with it",
            next_step="Leave them out, or take the protocol nodes",
        )


def _ask_for_labels(
    models: dict[str, Any],
    split: Split,
    labels: Labels,
    role: str | None,
    seed: int,
    baselines: bool,
) -> ProtocolReport:
    numbers = classify_nodes(
        models, split.graph, labels, role=role, seed=seed, baselines=baselines
    )
    facts = {
        **_facts(PROTOCOLS["nodes"], Questions(split, seed)),
        "columns": [head._asdict() for head in node_heads()],
        "told": [*label_facts(labels), f"vectors: {role or 'all roles side by side'}"],
    }
    return ProtocolReport("nodes", tuple(numbers), facts)


def _check_training(name: str, model: Any, split: Split) -> None:
    trained_on = getattr(model, "graph_hash", None)
    hidden = len(split.test) + len(split.validation)
    if hidden and trained_on is not None and trained_on == split.graph.digest():
        raise DataRefused(
            f"{name} was trained on the whole graph: {len(split.test):,} test edges are "
            "also in the training graph",
            next_step="Train on split.train",
        )


def _chosen(baselines: bool | Sequence[str], entry: Protocol) -> list[str]:
    if baselines is True and entry.rule.hide == "nothing":
        return list(_QUICK)
    return chosen_baselines(baselines)


def _numbers(
    name: str, kind: str, score: ScoreRows, entry: Protocol, questions: Questions
) -> list[Number]:
    values, reasons = measured(questions, score, entry.columns, name)
    return [
        Number(name, kind, column, value, reason=reasons.get(column, ""))
        for column, value in values.items()
    ]


def _facts(entry: Protocol, questions: Questions) -> dict[str, Any]:
    split = questions.split
    told: list[Callable[[Questions], str]] = [_left_out, _fitted, _sampled]
    return {
        "protocol": entry._asdict() | {"rule": entry.rule.told()},
        "graph": {
            "nodes": split.graph.num_nodes,
            "edges": split.graph.num_edges,
            "directed": split.graph.directed,
            "hash": split.manifest["graph_hash"],
        },
        "split": split.manifest,
        "test": describe_test(split),
        "columns": [
            Head(name, COLUMNS[name].title, COLUMNS[name].asks)._asdict()
            for name in entry.columns
        ],
        "told": [said for tell in told if (said := tell(questions))],
        "seeds": [questions.seed],
    }


def _left_out(questions: Questions) -> str:
    left_out = questions.split.manifest["left_out"]
    if not left_out["edges"]:
        return ""
    return (
        f"the rule left out {left_out['nodes']:,} nodes and {left_out['edges']:,} links"
    )


def _fitted(questions: Questions) -> str:
    columns = PROTOCOLS[questions.split.manifest["protocol"]].columns
    if not {"existence", "three_class"} & set(columns):
        return ""
    return f"thresholds are fitted on {questions.fitted_on()} links"


def _sampled(questions: Questions) -> str:
    columns = PROTOCOLS[questions.split.manifest["protocol"]].columns
    share = scored_share(questions.split.train)
    if share == 1 or not any(name.startswith("reconstruction") for name in columns):
        return ""
    return f"one pair in {1 / share:,.1f} was scored, and K shrinks likewise"
