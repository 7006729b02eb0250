"""The nodes with the best scores beside others, exactly: every node is looked at.

In blocks both ways: for some hundred questions at a time all nodes pass by in blocks, whose
vectors are put together once for all of these questions. So memory holds a block of vectors
and the best answers, however large the table is and however many questions are asked.

Many questions go by matrix products first, which leave few pairs to score and the same
answers (`nodeemb.embedding.nearest`); few ones, and those where this is no help, pair by pair.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nodeemb.embedding.nearest import MOST, nearest, questions_at_once, sides
from nodeemb.embedding.scoring import joined, rows_at_once, side_vectors, used_channels
from nodeemb.roles.layout import Layout
from nodeemb.roles.scheme import RoleScheme

_QUESTIONS = 256  # at a time
_ANSWERS = 2**22  # kept at a time
_MANY = (
    16  # questions; for fewer of them the norms of all nodes cost more than they save
)

Best = tuple[np.ndarray, np.ndarray]


class _Block:
    """A block of nodes, with the vectors of both sides of channels once they are needed."""

    def __init__(
        self, table: np.ndarray, scheme: RoleScheme, layout: Layout, nodes: range
    ) -> None:
        self.table, self.scheme, self.layout, self.nodes = table, scheme, layout, nodes
        self._vectors: dict[tuple[str, bool], np.ndarray] = {}

    def scores(self, row: int, forward: bool) -> np.ndarray:
        """(len(nodes),) joint scores of a row against the block.

        The same numbers as `score_rows`, digit for digit, so that equal vectors have equal
        scores wherever they stand; a matrix product would not promise that.

        Args:
            forward: True: the row is the source and the block targets; False: the reverse.
        """
        found, nodes = {}, self.nodes
        for name in used_channels(self.scheme):
            parts = [(nodes, forward)]
            if name in self.layout.symmetric:  # the lower row is the source
                cut = min(max(row, nodes.start), nodes.stop)
                parts = [
                    (range(nodes.start, cut), False),
                    (range(cut, nodes.stop), True),
                ]
            found[name] = np.concatenate(
                [self._against(name, row, *part) for part in parts if len(part[0])]
            )
        return joined(self.scheme, found)

    def _against(
        self, channel: str, row: int, others: range, forward: bool
    ) -> np.ndarray:
        near = self.layout.channels[channel][not forward]
        length = self.layout.lengths[channel]
        x = side_vectors(self.table, near, length, slice(row, row + 1))[0]
        if (channel, forward) not in self._vectors:
            far = self.layout.channels[channel][forward]
            whole = slice(self.nodes.start, self.nodes.stop)
            self._vectors[channel, forward] = side_vectors(
                self.table, far, length, whole
            )
        first = self.nodes.start
        y = self._vectors[channel, forward][others.start - first : others.stop - first]
        return np.einsum("j,ij->i", x, y)


def top_k(
    table: np.ndarray,
    scheme: RoleScheme,
    layout: Layout,
    rows: np.ndarray,
    count: int,
    forward: bool,
) -> Iterator[Best]:
    """The best `count` other nodes for each of (q,) rows, exactly.

    Args:
        forward: True: the rows are sources and the answers targets; False: the reverse.

    Yields:
        for each row in order: rows (k,) int64 and scores (k,), best first; ties by row.
    """
    enough = len(rows) >= _MANY and count <= MOST
    made = sides(table, scheme, layout, forward) if enough else None
    if made is None:
        yield from _each(table, scheme, layout, rows, count, forward)
        return
    step = questions_at_once(count)
    for begin in range(0, len(rows), step):
        asked = rows[begin : begin + step]
        found = nearest(made, asked, count)
        left = asked if found is None else asked[found.given_up]
        others = _each(table, scheme, layout, left, count, forward)
        if found is None:
            yield from others
            continue
        for place in range(len(asked)):
            if found.given_up[place]:
                yield next(others)
            else:
                there = found.rows[place] >= 0
                yield found.rows[place][there], found.scores[place][there]


def _each(
    table: np.ndarray,
    scheme: RoleScheme,
    layout: Layout,
    rows: np.ndarray,
    count: int,
    forward: bool,
) -> Iterator[Best]:
    """As `top_k`, by scoring every pair; questions share the vectors of a block."""
    step = rows_at_once(max(layout.lengths.values()))
    questions = max(1, min(_QUESTIONS, _ANSWERS // min(count, max(1, len(table)))))
    for begin in range(0, len(rows), questions):
        asked = rows[begin : begin + questions].tolist()
        nothing = np.empty(0, np.int64), np.empty(0, table.dtype)
        best: list[Best] = [nothing] * len(asked)
        for first in range(0, len(table), step):
            nodes = range(first, min(first + step, len(table)))
            block = _Block(table, scheme, layout, nodes)
            for place, row in enumerate(asked):
                scores = block.scores(row, forward)
                best[place] = _better(best[place], row, nodes, scores, count)
        yield from best


def _better(best: Best, row: int, nodes: range, scores: np.ndarray, count: int) -> Best:
    """The best answers so far, and those of one more block."""
    others = np.arange(nodes.start, nodes.stop)
    keep = others != row
    others = np.concatenate([best[0], others[keep]])
    scores = np.concatenate([best[1], scores[keep]])
    if len(scores) > count:
        cut = np.partition(scores, len(scores) - count)[len(scores) - count]
        chosen = scores >= cut
        others, scores = others[chosen], scores[chosen]
    order = np.lexsort((others, -scores))[:count]
    return others[order], scores[order]
