"""How each role came out of training: how long its vectors are, and who was trained in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nodeemb.corpus.corpus import Corpus
from nodeemb.embedding.embedding import Embedding

if TYPE_CHECKING:
    from nodeemb.graph.graph import Graph


class RoleRow(NamedTuple):
    """A role after training.

    norm: mean length of its vectors; trained: nodes that had this role in a pair.
    """

    role: str
    columns: int
    norm: float
    trained: int


def role_rows(embedding: Embedding, graph: Graph | Corpus) -> list[RoleRow]:
    """What became of each role.

    Args:
        embedding: a result of `embed`.
        graph: what it was trained on.
    """
    recipe = embedding.manifest["recipe"]
    sides = recipe["stencil"].get("sides")
    both = recipe["sampler"].get("direction") == "ignore"
    both |= sides == "both" and embedding.scheme.kind_of == "none"
    both |= (recipe.get("factorise") or {}).get("kind") == "netmf"
    rows = []
    for role in embedding.scheme.roles:
        vectors = embedding.vectors(role)
        norm = float(np.linalg.norm(vectors, axis=1).mean())
        trained = _had_role(embedding, graph, role, both, sides == "before")
        rows.append(RoleRow(role, vectors.shape[1], norm, int(trained.sum())))
    return rows


def _had_role(
    embedding: Embedding,
    graph: Graph | Corpus,
    role: str,
    both: bool,
    turned: bool,
) -> np.ndarray:
    """(num_nodes,) bool: was the node in a pair in which this role takes part.

    both: pairs count both ways; turned: the left node of a pair is what is linked to.
    """
    scheme = embedding.scheme
    if isinstance(graph, Corpus):  # every word of a vocabulary is among others
        return np.ones(graph.num_nodes, bool)
    had = np.zeros(graph.num_nodes, bool)
    for channel in scheme.channels.values():
        for kind in channel.labels:
            left, right = _ends(graph, kind, both)
            if turned:
                left, right = right, left
            for term in channel.parsed():
                on_left, on_right = term.roles
                had |= left & (on_left == role)
                had |= right & (on_right == role)
    return had


def _ends(graph: Graph, kind: str, both: bool) -> tuple[np.ndarray, np.ndarray]:
    """Which nodes stand left and right in pairs of a kind; `both`: pairs count both ways."""
    out, into = graph.out_degree > 0, graph.in_degree > 0
    if kind in ("+", "-") and graph.sign is not None:
        of_kind = (graph.sign > 0) == (kind == "+")
        out, into = np.zeros((2, graph.num_nodes), bool)
        out[graph.sources[of_kind]] = True
        into[graph.targets[of_kind]] = True
    if both:
        return out | into, out | into
    # seen from a node, its left context is what links to it
    return (into, out) if kind == "left" else (out, into)
