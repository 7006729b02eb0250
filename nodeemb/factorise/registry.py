"""Every factorisation by its kind, and its result as the tables of a role scheme.

source.target        U sqrt(Sigma) and V sqrt(Sigma) of M ~ U Sigma V'
node.node            sqrt of the largest eigenvalues above 0, of a symmetric M
plus.plus - minus.minus   those of both ends of the spectrum
both, times source.target - target.source   of `calibrated`, as probabilities
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nodeemb.errors import WrongUse
from nodeemb.factorise.ase import ase
from nodeemb.factorise.calibrated import Columns, calibrated
from nodeemb.factorise.directed_netmf import directed_netmf
from nodeemb.factorise.forms import BOTH_ENDS, TWO, check_scheme, product_roles
from nodeemb.factorise.hope import hope
from nodeemb.factorise.nerd_closed import nerd_closed
from nodeemb.factorise.netmf import netmf
from nodeemb.factorise.nrp import nrp
from nodeemb.factorise.options import (
    CalibratedOptions,
    Factorise,
    NetmfOptions,
    NrpOptions,
)
from nodeemb.factorise.ppmi_svd import ppmi_svd
from nodeemb.factorise.strap import strap
from nodeemb.factorise.svd import Eigen, Svd, by_ends
from nodeemb.factorise.watch import Watch
from nodeemb.graph.graph import Graph
from nodeemb.progress import ProgressFn
from nodeemb.roles.scheme import RoleScheme

Pair = tuple[np.ndarray, np.ndarray]

SPECTRAL: dict[str, Callable[..., Svd]] = {
    "hope": hope,
    "directed_netmf": directed_netmf,
    "nerd_closed": nerd_closed,
    "ase": ase,
    "strap": strap,
    "ppmi_svd": ppmi_svd,
}
KINDS = (*SPECTRAL, "netmf", "nrp")  # of those that make two tables


def factorise(
    graph: Graph,
    options: Factorise,
    dim: int,
    seed: int = 0,
    threads: int = 1,
    progress: ProgressFn | None = None,
) -> Pair:
    """Two tables of a graph: score(u, v) = source[u] . target[v].

    Args:
        graph: every node gets a row; signs are not used.
        options: the method and its choices.
        dim: columns of each table; those beyond the matrix's rank are zero.
        seed: of the random block that the singular vectors are found from.
        threads: at most so many; the result is the same for any number.
        progress: told how far it is.

    Returns:
        (source, target), each (num_nodes, dim) float64.

    Raises:
        WrongUse: the method makes other tables; see `role_tables`.
    """
    if isinstance(options, CalibratedOptions):
        raise WrongUse(
            "the factorisation calibrated makes four tables",
            next_step="Use role_tables with its scheme",
        )
    with _threads(threads):
        return _two_tables(graph, options, dim, seed, Watch(progress))


def role_tables(
    graph: Graph,
    options: Factorise,
    scheme: RoleScheme,
    width: int,
    seed: int = 0,
    threads: int = 1,
    watch: Watch | None = None,
) -> dict[str, np.ndarray]:
    """The same as tables by role: role -> (num_nodes, columns) float64.

    Raises:
        WrongUse: the scheme is none that this matrix can fill.
    """
    form, columns = check_scheme(options, scheme), scheme.columns(width)
    roles, watch = list(columns), watch or Watch()
    with _threads(threads):
        if form == TWO:
            term = next(iter(scheme.channels.values())).parsed()[0]
            pair = _two_tables(graph, options, columns[roles[0]], seed, watch)
            return dict(zip((term.left, term.right), pair, strict=True))
        if isinstance(options, CalibratedOptions):
            names = product_roles(scheme)
            wide = Columns(*(columns[name] for name in names[:3]))
            tilt = next(iter(scheme.channels.values())).tilt
            made = calibrated(graph, options, wide, tilt, seed, watch)
            return dict(zip(names, made, strict=True))
        assert isinstance(options, NetmfOptions)
        ends = by_ends(*(columns.get(role, 0) for role in (*roles, "")[:2]))
        found = netmf(graph, options, width, seed, watch, ends)
        tables = {roles[0]: _end(found, columns[roles[0]], 1)}
        if form == BOTH_ENDS:
            tables[roles[1]] = _end(found, columns[roles[1]], -1)
        return tables


def _two_tables(
    graph: Graph, options: Factorise, dim: int, seed: int, watch: Watch
) -> Pair:
    if isinstance(options, NrpOptions):
        return nrp(graph, options, dim, seed, watch)
    if isinstance(options, NetmfOptions):
        found = netmf(graph, options, dim, seed, watch)
        values, vectors = found.values[:dim], found.vectors[:, :dim]
        source = _padded(vectors * np.sqrt(np.abs(values)), dim)
        return source, source * _padded(np.sign(values)[None], dim)
    left, values, right = SPECTRAL[options.kind](graph, options, dim, seed, watch)
    root = np.sqrt(values)
    left *= root
    right *= root
    return left, right


def _end(found: Eigen, columns: int, sign: int) -> np.ndarray:
    """(n, columns): the eigenvectors of one end, by the roots of their values' size."""
    some = np.flatnonzero(sign * found.values > 0)[:columns]
    return _padded(
        found.vectors[:, some] * np.sqrt(np.abs(found.values[some])), columns
    )


def _padded(table: np.ndarray, columns: int) -> np.ndarray:
    """Columns of zeros added."""
    return np.pad(table, ((0, 0), (0, columns - table.shape[1])))


@contextlib.contextmanager
def _threads(count: int) -> Iterator[None]:
    """So many threads for sparse work, and one for BLAS, whose sums depend on it."""
    import numba
    from threadpoolctl import threadpool_limits

    before: Any = numba.get_num_threads()
    numba.set_num_threads(max(1, min(count, numba.config.NUMBA_NUM_THREADS)))
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        numba.set_num_threads(before)
