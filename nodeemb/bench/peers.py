"""The same work done by other programs, each in a process of its own.

A peer that is not installed fails like any other, and is told with its error.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from nodeemb.bench.figures import Figure, Sizes
from nodeemb.bench.measures import Measure

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


def _pairs(length: int, window: int) -> int:
    """Ordered pairs at most `window` apart in a walk."""
    return sum(2 * max(0, length - apart) for apart in range(1, window + 1))


PEERS = {
    run.__name__: Measure((run.__doc__ or "").partition("\n")[0], run)
    for run in (gensim, polars)
}
