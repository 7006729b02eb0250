"""What the frequency of words alone tells about pairs: the bar beside every number.

With f how often a word came (its weighted degree in a word graph), the laws are

    directed      f(v)     f(v) / f(u)     f(u) / f(v)     f(u) f(v)
    symmetric     f(u) f(v)     min(f(u), f(v)) / max(f(u), f(v))

each as log(1 + f), summed or subtracted. The best of them is the baseline: chosen with the
answers known, so it is no smaller than a fair one would be.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nodeemb.embedding.embedding import Embedding
from nodeemb.errors import DataRefused
from nodeemb.graph.graph import Graph
from nodeemb.io.word_sets import read_counts

SYMMETRIC = ("f(u) f(v)", "min f / max f")
DIRECTED = ("f(v)", "f(v) / f(u)", "f(u) / f(v)", "f(u) f(v)")


def law_scores(
    law: str, counts: np.ndarray, first: np.ndarray, second: np.ndarray
) -> np.ndarray:
    """(k,) what a law says of pairs of rows, larger for what it thinks stronger."""
    u, v = (np.log1p(np.asarray(counts, np.float64)[rows]) for rows in (first, second))
    if law == "f(u) f(v)":
        return u + v
    if law == "min f / max f":
        return -np.abs(u - v)
    if law == "f(v) / f(u)":
        return v - u
    return u - v if law == "f(u) / f(v)" else v


def counts_from(given: Mapping[str, float], embedding: Embedding) -> np.ndarray:
    """(n,) float64 counts by word, 0 for words that are not in it.

    Raises:
        DataRefused: no word of the embedding is in it.
    """
    counts = np.array([given.get(word, 0) for word in embedding.ids], np.float64)
    if not counts.any():
        raise DataRefused(
            "the counts name none of the embedding's words",
            allowed="A word and its count on each line, spelled as the ids are",
        )
    return counts


def counts_in_file(path: str | Path, embedding: Embedding) -> np.ndarray:
    """(n,) float64 counts from a file of words and counts; see `counts_from`."""
    return counts_from(read_counts(path), embedding)


def counts_of_graph(graph: Graph, embedding: Embedding) -> np.ndarray:
    """(n,) float64: the weight of all edges of each node, in and out.

    Raises:
        DataRefused: the graph has other nodes than the embedding.
    """
    if graph.ids != embedding.ids:
        raise DataRefused("the graph has other nodes than the embedding")
    weight = None if graph.weight is None else graph.weight.astype(np.float64)
    ends = (graph.sources, graph.targets)
    out, into = (np.bincount(e, weight, minlength=graph.num_nodes) for e in ends)
    return out + into if graph.directed else out.astype(np.float64)
