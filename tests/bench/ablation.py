"""What each part of `calibrated` is worth: python -m tests.bench.ablation [GRAPH ...]

Takes one part away at a time, on cora_ml by DirLinkBench's protocol and on half of the
links of wiki-Vote (`GRAPH:PROTOCOL` for others), seeds 0, 1 and 2, width 128, and prints
the mean of each column and the CPU-seconds of a model. Nothing is chosen by these numbers.
"""

import sys
import time

import numpy as np

from nodeemb.evaluation.columns import measure_columns
from nodeemb.evaluation.protocol_split import protocol_split
from nodeemb.factorise import calibrated
from nodeemb.factorise.held_out import hide
from nodeemb.io.cards import read_dataset
from nodeemb.recipe import load_recipe
from nodeemb.run import embed

COLUMNS = [
    "auc", "hits@20", "hits@100", "auc_reversed:50", "auc_reversed", "auc_one_way",
    "auc_degree",
]  # fmt: skip
SEEDS = (0, 1, 2)
WHERE = ("cora_ml:dirlinkbench", "wiki-Vote:strap")


def without_traits(graph):
    return np.zeros((graph.num_nodes, 2 * calibrated.COUNT + 2))


def without_closeness(graph, options, columns, seed, watch):
    sizes = columns.plus, columns.minus
    return tuple(np.zeros((graph.num_nodes, size)) for size in sizes)


def without_directed(*args):
    found = WHOLE["_found"](*args)
    plus, minus, source, target = found.tables
    tables = calibrated.Tables(plus, minus, 0 * source, 0 * target)
    return found._replace(tables=tables)


def on_known_links(graph, seed, fold):
    return hide(graph, seed, fold)._replace(rest=graph)


PARTS = {
    "no traits of nodes": ("traits", without_traits),
    "no PageRank without directions": ("_near", without_closeness),
    "no PageRank with directions": ("_found", without_directed),
    "regressions on links that were factorised": ("hide", on_known_links),
}
WHOLE = {name: getattr(calibrated, name) for name, _ in PARTS.values()}


def summed(result):
    """The sum of the two log-odds, which the product of the chances is not."""

    def score(u, v):
        close, way = channels(result, u, v)
        return close + way

    return score


def channels(result, u, v):
    """Log-odds that two nodes are close, and that a link runs from u to v."""
    plus, minus, source, target = (
        result.vectors(role) for role in ("plus", "minus", "source", "target")
    )
    close = np.sum(plus[u] * plus[v], 1) - np.sum(minus[u] * minus[v], 1)
    return close, np.sum(source[u] * target[v], 1) - np.sum(target[u] * source[v], 1)


def without_tilt():
    scheme = load_recipe("calibrated").scheme().model_dump()
    scheme["channels"]["close"]["tilt"] = 0.0
    return scheme


def models(split, seed):
    """(name, score, CPU-seconds) of the whole and of what is left without each part."""

    def made(name, options=None):
        begun = time.process_time()
        found = embed(
            split.train, "calibrated", seed=seed, threads=1, options=options or {}
        )
        return name, found, time.process_time() - begun

    name, whole, seconds = made("all parts")
    yield name, whole.score_rows, seconds
    yield "a sum, not a product", summed(whole), seconds
    yield "closeness alone", lambda u, v: channels(whole, u, v)[0], seconds
    yield "direction alone", lambda u, v: channels(whole, u, v)[1], seconds
    name, found, seconds = made("no tilt", {"roles.scheme": without_tilt()})
    yield name, found.score_rows, seconds
    for odds in (-2.0, 0.0, 2.0):
        name, found, seconds = made(f"odds of {odds:+g}", {"factorise.odds": odds})
        yield name, found.score_rows, seconds
    for name, (place, instead) in PARTS.items():
        setattr(calibrated, place, instead)
        try:
            name, found, seconds = made(name)
        finally:
            setattr(calibrated, place, WHOLE[place])
        yield name, found.score_rows, seconds


def main(where):
    for each in where:
        name, protocol = each.split(":")
        graph, rows = read_dataset(name), {}
        for seed in SEEDS:
            split = protocol_split(protocol, graph, seed=seed)
            for part, score, seconds in models(split, seed):
                told = measure_columns(split, score, COLUMNS, seed)
                values = [told[column] for column in COLUMNS]
                rows.setdefault(part, []).append([*values, seconds])
        print(f"| {name}, {protocol} | {' | '.join(COLUMNS)} | CPU-seconds |")
        print("|---" * (len(COLUMNS) + 2) + "|")
        for part, values in rows.items():
            *means, seconds = np.mean(values, axis=0)
            cells = " | ".join(f"{mean:.3f}" for mean in means)
            print(f"| {part} | {cells} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or WHERE)
