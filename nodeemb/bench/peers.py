"""The same work done by other programs, each in a process of its own.

A peer that is not installed fails like any other, and is told with its error.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from nodeemb.bench.figures import Figure, Sizes
from nodeemb.bench.measures import Measure, rate

_WALKS = 1000  # that gensim learns from


def gensim(sizes: Sizes) -> list[Figure]:
    """gensim's Word2Vec, same graph and walks as training_small, drawn beforehand."""
    from gensim.models import Word2Vec

    from nodeemb.bench.made import made_graph
    from nodeemb.recipe import load_recipe
    from nodeemb.sampling.registry import plan
    from nodeemb.sampling.sequences import Sequences

    graph = made_graph(sizes.small_nodes, sizes.small_edges)
    made = plan(graph, load_recipe("deepwalk").sampler, 0)
    drawn = made.draw(0, 0, min(_WALKS, made.count))
    assert isinstance(drawn, Sequences)
    cut = zip(drawn.rows.tolist(), drawn.lengths.tolist(), strict=True)
    walks = [[str(row) for row in rows[:length]] for rows, length in cut]
    model = Word2Vec(
        vector_size=sizes.dim, window=10, sg=1, negative=5, min_count=0, workers=1,
        seed=0, sample=0, shrink_windows=False,
    )  # fmt: skip
    model.build_vocab(walks)
    begun = time.process_time()
    model.train(walks, total_examples=len(walks), epochs=1)
    spent = time.process_time() - begun
    pairs = sum(_pairs(len(walk), 10) for walk in walks)
    return [Figure("gensim", pairs / spent / 1e6, "M pairs/CPU-s", "higher")]


def pecanpy(sizes: Sizes) -> list[Figure]:
    """PecanPy's walks with p 0.5 and q 2, same graph as second_order_small, no direction."""
    from pecanpy import pecanpy as walkers

    with _links_once(sizes) as path:
        graph = walkers.SparseOTF(p=0.5, q=2, workers=1, random_state=0)
        graph.read_edg(str(path), weighted=False, directed=False)
    graph.preprocess_transition_probs()
    return [_steps("pecanpy", lambda: graph.simulate_walks(10, 80), sizes)]


def csrgraph(sizes: Sizes) -> list[Figure]:
    """csrgraph's walks with p 0.5 and q 2, same graph as second_order_small, no direction."""
    import csrgraph as walkers

    with _links_once(sizes) as path:
        graph = walkers.read_edgelist(str(path), directed=False, sep="\t")

    def walk() -> Iterable[Sized]:
        return graph.random_walks(80, 1, return_weight=2.0, neighbor_weight=0.5)

    return [_steps("csrgraph", walk, sizes)]


def ensmallen(sizes: Sizes) -> list[Figure]:
    """ensmallen's walks with p 0.5 and q 2, same graph as second_order_small, no direction."""
    with _links_once(sizes) as path:
        graph = _ensmallen_graph(path, directed=False)

    def walk() -> Iterable[Sized]:
        return graph.complete_walks(walk_length=80, iterations=1, return_weight=2.0, explore_weight=0.5)  # fmt: skip

    return [_steps("ensmallen", walk, sizes)]


def ensmallen_reading(sizes: Sizes) -> list[Figure]:
    """ensmallen reads the file of `reading`, its duplicates left out by itself."""
    return [_read("ensmallen_reading", partial(_ensmallen_graph, directed=True), sizes)]


def sknetwork_reading(sizes: Sizes) -> list[Figure]:
    """scikit-network reads the file of `reading`."""
    from sknetwork.data import from_csv

    read = partial(from_csv, delimiter="\t", directed=True, reindex=True)
    return [_read("sknetwork_reading", lambda path: read(str(path)), sizes)]


def networkit_reading(sizes: Sizes) -> list[Figure]:
    """networkit reads the file of `reading`; ids are taken as rows, duplicates stay."""
    from networkit.graphio import EdgeListReader

    reader = EdgeListReader("\t", 0, directed=True, continuous=True)
    return [_read("networkit_reading", lambda path: reader.read(str(path)), sizes)]


def polars(sizes: Sizes) -> list[Figure]:
    """polars reads the file of `reading`, and scipy makes the adjacency of it."""
    import numpy as np
    import polars as frames
    from scipy.sparse import csr_matrix

    from nodeemb.bench.made import write_edges

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "edges")
        write_edges(path, sizes.large_nodes, sizes.read_edges)
        begun = time.process_time()
        table = frames.read_csv(path, separator="\t", has_header=False)
        ends = np.concatenate([column.to_numpy() for column in table.get_columns()])
        ids, rows = np.unique(ends, return_inverse=True)
        sources, targets = rows.reshape(2, -1)
        values = np.ones(len(sources), np.float32)
        csr_matrix((values, (sources, targets)), (len(ids), len(ids)))
        spent = time.process_time() - begun
    speed = sizes.read_edges / spent / 1e6
    return [Figure("polars", speed, "M edges/CPU-s", "higher")]


@contextmanager
def _links_once(sizes: Sizes) -> Iterator[Path]:
    """A file of the graph that fits the cache: each pair of linked nodes once."""
    import numpy as np

    from nodeemb.bench.made import made_graph

    graph = made_graph(sizes.small_nodes, sizes.small_edges)
    ends = np.sort(np.column_stack([graph.sources, graph.targets]), axis=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "edges.tsv")
        links = np.unique(ends[ends[:, 0] != ends[:, 1]], axis=0)
        np.savetxt(path, links, fmt="%d", delimiter="\t")
        yield path


def _ensmallen_graph(path: Path, directed: bool) -> Any:
    from ensmallen import Graph

    return Graph.from_csv(
        edge_path=str(path), directed=directed, edge_list_separator="\t",
        edge_list_header=False, sources_column_number=0, destinations_column_number=1,
        edge_list_is_correct=False, edge_list_is_complete=False, name="g", verbose=False,
    )  # fmt: skip


def _steps(name: str, walk: Callable[[], Iterable[Sized]], sizes: Sizes) -> Figure:
    """Steps a CPU-second of walks from every node."""

    def work() -> float:
        return float(sum(len(each) - 1 for each in walk()))

    return Figure(name, rate(work, sizes.seconds) / 1e6, "M steps/CPU-s", "higher")


def _read(name: str, read: Callable[[Path], object], sizes: Sizes) -> Figure:
    """Lines of the file of `reading` a CPU-second; a small file is read before."""
    from nodeemb.bench.made import write_edges

    with tempfile.TemporaryDirectory() as folder:
        few, path = Path(folder, "few"), Path(folder, "edges")
        write_edges(few, 1000, 2000)
        read(few)
        write_edges(path, sizes.large_nodes, sizes.read_edges)
        begun = time.process_time()
        read(path)
        spent = time.process_time() - begun
    return Figure(name, sizes.read_edges / spent / 1e6, "M edges/CPU-s", "higher")


def _pairs(length: int, window: int) -> int:
    """Ordered pairs at most `window` apart in a walk."""
    return sum(2 * max(0, length - apart) for apart in range(1, window + 1))


PEERS = {
    run.__name__: Measure((run.__doc__ or "").partition("\n")[0], run)
    for run in (
        gensim, pecanpy, csrgraph, ensmallen, polars, ensmallen_reading,
        sknetwork_reading, networkit_reading,
    )
}  # fmt: skip
