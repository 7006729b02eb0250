"""The result of training: vectors by id and role, scores, search, saving and loading."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nodeemb.embedding.readouts import READOUTS, one_side
from nodeemb.embedding.scoring import channel_scores, score_rows
from nodeemb.embedding.search import top_k
from nodeemb.errors import UnknownId, WrongUse, unknown_name
from nodeemb.graph.ids import Ids
from nodeemb.roles.layout import Layout, lay_out
from nodeemb.roles.scheme import Biases, RoleScheme

if TYPE_CHECKING:
    from nodeemb.graph.graph import Graph

DIVERGED = (
    "this run failed: its loss became non-finite, and these are the last good vectors"
)
_LOG = logging.getLogger("nodeemb")


@dataclass(frozen=True, eq=False, repr=False)
class Embedding:
    """Vectors of all nodes of a graph, in the graph's order.

    Attributes:
        ids: the ids in row order.
        table: (num_nodes, columns) float; roles side by side, then biases, then images
            under learned cores.
        scheme: the roles and how they score.
        width: D, floats a node over its roles.
        biases: "none", "tied" or "free", for channels that name none of their own.
        manifest: where it comes from: recipe, seed, versions, hashes, timings.
    """

    ids: Ids
    table: np.ndarray
    scheme: RoleScheme
    width: int
    biases: Biases = "none"
    manifest: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def layout(self) -> Layout:
        """Which columns belong to which role and channel."""
        return lay_out(self.scheme, self.width, self.biases)

    # ---- size and names -----------------------------------------------------------

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, node: object) -> bool:
        return node in self.ids

    def __repr__(self) -> str:
        name = self._told("recipe").get("name", self.scheme.name)
        seed = self.manifest.get("seed")
        tail = "" if seed is None else f", seed {seed}"
        cores = self.layout.core_numbers
        core = f", trained with a core of {cores:,} numbers" if cores else ""
        return (
            f"Embedding({len(self):,} nodes, {name}, roles {' '.join(self.scheme.roles)}, "
            f"dim {self.dim}, width {self.width}{core}, "
            f"biases {self.scheme.told_biases(self.biases)}{tail})"
        )

    @property
    def graph_hash(self) -> str | None:
        """Digest of the graph it was trained on, None where that is not known."""
        return self._told("graph").get("digest")

    @property
    def diverged(self) -> bool:
        """Whether its training ended early, because the loss became non-finite."""
        return self._told("training").get("state") == "diverged"

    def _told(self, part: str) -> dict[str, Any]:
        """A part of the manifest; nothing where a foreign manifest has other things there."""
        found = self.manifest.get(part)
        return found if isinstance(found, dict) else {}

    @property
    def dim(self) -> int:
        """Length of a channel's inner product."""
        return next(iter(self.layout.dims.values()))

    @property
    def roles(self) -> tuple[str, ...]:
        """Names that `vectors` takes: roles, views, in, out, sum, concat, biases, images.

        Of a model without vectors the biases alone.
        """
        return (
            *self.scheme.roles,
            *self.scheme.views,
            *(READOUTS if self.scheme.roles else ()),
            *(r for r in self.layout.roles if r not in self.scheme.roles),
        )

    # ---- vectors ------------------------------------------------------------------

    def vectors(self, role: str | None = None) -> np.ndarray:
        """(num_nodes, k): the vectors of a role, row i belongs to ids[i].

        Args:
            role: a role of the scheme, a view, a bias, an image (such as F.node), "concat"
                (all roles side by side, also the default), "in" (as the first of a pair),
                "out" (as the second) or "sum" (in + out); see `nodeemb.embedding.readouts`.

        Raises:
            WrongUse: there is no such role.
        """
        role = "concat" if role is None else role
        self.check_role(role)
        if role in self.layout.roles:
            a, b = self.layout.roles[role]
            return self.table[:, a:b]
        if role == "concat":
            return self.table[:, : self.width]
        if role == "sum":
            return self.vectors("in") + self.vectors("out")
        if role in ("in", "out"):
            return one_side(self.table, self.layout, role == "out")
        parts = [self.vectors(name) for name in self.scheme.views[role]]
        return np.concatenate(parts, axis=1)

    def check_role(self, role: str) -> None:
        """WrongUse where `vectors` has no such role; the message names those there are."""
        if role not in self.roles:
            raise unknown_name("role in this embedding", role, self.roles)

    def vector(self, node: Hashable, role: str | None = None) -> np.ndarray:
        """(k,): one node's vector; see `vectors`. UnknownId where there is no such id."""
        return self.vectors(role)[self.rows_of([node])[0]]

    def rows_of(self, nodes: Iterable[Hashable]) -> np.ndarray:
        """(k,) int64: the rows of k ids.

        Raises:
            UnknownId: there is no such id; of words it is told how many there are in all.
        """
        try:
            return self.ids.rows(nodes)
        except UnknownId as error:
            text = self._told("graph")
            if error.unknown is None or not {"words", "distinct"} <= text.keys():
                raise
            word, hint = error.unknown, error.next_step
            if isinstance(word, str) and word.lower() in self.ids:
                hint = f"{word.lower()!r} is one: ask for it in lower case"
            raise UnknownId(
                f"{word!r} is none of the {len(self):,} words that have a vector",
                allowed=f"Words that came often enough: {text['words']:,} of the "
                f"{text['distinct']:,} different ones in the text, as they are spelled",
                next_step=hint,
            ) from None

    def __getitem__(self, node: Hashable) -> np.ndarray:
        return self.vector(node)

    # ---- scores and search --------------------------------------------------------

    def score(
        self,
        pairs: Iterable[tuple[Hashable, Hashable]],
        *,
        channel: str | None = None,
    ) -> np.ndarray:
        """(k,) scores of (source, target) pairs of ids; direction matters.

        The score is the scheme's own: inner products of roles, plus biases. Larger means
        more likely a link.

        Args:
            pairs: ids, source first.
            channel: one channel of the scheme; all of them joined if None.

        Raises:
            UnknownId: an id is not in this embedding.
            WrongUse: no such channel, or something that is no pair.
        """
        listed = list(pairs)
        for pair in listed:
            if isinstance(pair, str) or not hasattr(pair, "__len__") or len(pair) != 2:
                raise WrongUse(
                    f"{pair!r} is no pair", allowed="Pairs (source, target) of ids"
                )
        sources = self.rows_of(pair[0] for pair in listed)
        targets = self.rows_of(pair[1] for pair in listed)
        if channel is None:
            return self.score_rows(sources, targets)
        if channel not in self.layout.channels:
            raise unknown_name(
                "channel in this embedding", channel, self.layout.channels
            )
        return channel_scores(self.table, self.layout, channel, sources, targets)

    def score_rows(self, sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """(k,) scores of (k,) source rows and (k,) target rows."""
        return score_rows(self.table, self.scheme, self.layout, sources, targets)

    def most_similar(
        self, node: Hashable, role: str = "target", topn: int = 10
    ) -> list[tuple[Any, float]]:
        """The other nodes with the highest score beside a node, exactly.

        This is the model's own score (inner product on the right table, and biases), not a
        cosine. Every node is looked at, in blocks.

        Args:
            node: an id.
            role: the part that the answers play: "target": which v has the best
                score(node -> v); "source": which u has the best score(u -> node).
            topn: how many.

        Returns:
            (id, score), best first; of equal scores the lower row first.

        Raises:
            UnknownId: no such node. WrongUse: another role, or topn below 1.
        """
        return self.most_similar_each([node], role, topn)[0]

    def most_similar_each(
        self, nodes: Iterable[Hashable], role: str = "target", topn: int = 10
    ) -> list[list[tuple[Any, float]]]:
        """As `most_similar`, a list for each of many nodes; the table passes by once for
        some hundred of them."""
        if role not in ("source", "target"):
            raise unknown_name("part for the answers", role, ("target", "source"))
        if not isinstance(topn, (int, np.integer)) or topn < 1:
            raise WrongUse(f"topn is {topn!r}", allowed="A whole number of at least 1")
        rows, forward = self.rows_of(nodes), role == "target"
        found = top_k(self.table, self.scheme, self.layout, rows, int(topn), forward)
        return [
            [(self.ids[r], float(s)) for r, s in zip(*best, strict=True)]
            for best in found
        ]

    def canonical(self) -> Embedding:
        """The same scores from vectors that do not depend on where an optimiser ended.

        See `nodeemb.embedding.canonical`. Cosines and coordinates of two runs, and of
        schemes, are of one kind only so. Scores stay as they are; biases take up the means
        of the vectors.

        Raises:
            WrongUse: a scheme in which a role meets several others; a number that is not
                finite.
        """
        from nodeemb.embedding.canonical import canonical_table

        table = canonical_table(self.table, self.scheme, self.layout)
        return replace(self, table=table, manifest={**self.manifest, "canonical": True})

    # ---- files --------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Writes a new folder: embedding.safetensors and embedding.json, whole or not at
        all.

        Raises:
            WrongUse: the folder exists, or an id is of a kind that files cannot hold.
        """
        from nodeemb.embedding.store import save

        return save(self, path)

    def export(
        self,
        path: str | Path,
        format: str,
        *,
        role: str | None = None,
        escape: bool = False,
        graph: Graph | None = None,
    ) -> Path:
        """Writes a role's vectors for another program: word2vec, npz, parquet, projector.

        See `nodeemb.embedding.export.export` for formats, arguments and errors.
        """
        from nodeemb.embedding.export import export

        return export(self, path, format, role=role, escape=escape, graph=graph)


def load(path: str | Path) -> Embedding:
    """Reads an embedding back from a folder that `save` or a run made.

    Raises:
        DataRefused: a file is missing, damaged, or of a version this program does not know.

    A run that failed is read too, with a warning to the log.
    """
    from nodeemb.embedding.store import read

    embedding = read(path)
    if embedding.diverged:
        _LOG.warning("%s: %s", path, DIVERGED)
    return embedding
