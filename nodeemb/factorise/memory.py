"""What a factorisation takes in memory, from the size of the graph and the options alone.

Held against what is allocated by tests/contract/test_factorised.py, and against the peak of
whole processes by tests/bench/test_factorising.py.
"""

from __future__ import annotations

from typing import NamedTuple

from nodeemb.factorise import meetings, push
from nodeemb.factorise.options import Factorise
from nodeemb.factorise.svd import basis_width

_BASES = 3  # as many bases are held while singular vectors are looked for, with copies
_OTHER_BASES = {"netmf": 2, "calibrated": 4}
_ASKED = 2**26  # columns of hidden links and random pairs
_ENTRY = 8  # bytes: a column and a value


class Needed(NamedTuple):
    """Bytes at once: the matrix, and what it is made with or its vectors are found with."""

    matrix: int
    work: int


def needed(
    options: Factorise,
    nodes: int,
    arcs: int,
    *,
    directed: bool,
    weighted: bool,
    rank: int,
) -> Needed:
    """Bytes beside the graph and the tables.

    Args:
        options: the method.
        nodes, arcs: of the graph; arcs as stored.
        directed, weighted: of the graph.
        rank: columns of a table; all of them for one table.
    """
    own = (4 + 8) * arcs * weighted  # weights by target
    wide = 8 * nodes * basis_width(nodes, rank)
    bases = _OTHER_BASES.get(options.kind, _BASES) * wide
    making, matrix = _matrix(options, nodes, arcs, directed)
    # what a matrix is made with is let go before it is factorised
    return Needed(own + matrix, max(making - matrix, bases))


def _matrix(
    options: Factorise, nodes: int, arcs: int, directed: bool
) -> tuple[int, int]:
    """(bytes while the matrix is made, bytes of it)."""
    if options.kind == "hope":
        return 60 * arcs, 0
    if options.kind in ("ase", "nrp"):
        return 16 * arcs, 0
    if options.kind == "ppmi_svd":  # of the links, those above chance; while it is made
        entries = _ENTRY * arcs + 8 * nodes  # vectors of sums beside it
        return entries + 8 * 8 * nodes, entries
    entries = _ENTRY * nodes * min(nodes, options.entries)  # type: ignore[union-attr]
    if options.kind in ("strap", "calibrated"):
        # a block of targets, and a copy of all values to find a higher bar
        held = 12 * nodes * push.targets_at_once(nodes) + entries // 2
        held += push.PARTS * (2 * 8 + 2 * 4 + 1) * nodes + 24 * arcs
        if options.kind == "calibrated":  # a graph without the hidden links, both ways
            held += 100 * arcs + 32 * nodes + _ASKED
        # both halves, and at most as much again once joined
        return max(2 * entries + held, 4 * entries + 24 * nodes), 2 * entries
    block = meetings.rows_at_once(nodes) * min(nodes, options.entries)  # type: ignore[union-attr]
    making = entries + _ENTRY * block + meetings.PARTS * 3 * 8 * nodes
    making += (70 if options.kind == "netmf" and directed else 24) * arcs
    pairs = getattr(options, "eigenpairs", None)
    if pairs is not None:
        making += 8 * nodes * (meetings.rows_at_once(nodes) + 7 * min(nodes, pairs))
    return making, entries
