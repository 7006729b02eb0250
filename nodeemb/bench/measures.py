"""The measures of nodeemb's own speed, by name; each is run in a process of its own.

Times are CPU-seconds of one thread, so that other programs on the machine matter little,
and hold no compiling: everything is done once before it is timed.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nodeemb.bench.figures import Figure, Sizes

if TYPE_CHECKING:
    from nodeemb.graph.graph import Graph

_WALKS = 2000  # drawn at once
_LINKS = 7  # of a node, where links are ranked; soc-Epinions1 has 6.7
_STARTS = (
    5  # of the program; the fastest counts, since nothing makes it faster than it is
)


class Measure(NamedTuple):
    """about: one line for users; run: sizes -> figures."""

    about: str
    run: Callable[[Sizes], list[Figure]]


def rate(work: Callable[[], float], seconds: float) -> float:
    """What `work` returns in all, a CPU-second, over at least so many CPU-seconds."""
    work()
    done, begun = 0.0, time.process_time()
    while (spent := time.process_time() - begun) < seconds or not done:
        done += work()
    return done / spent


def walks_small(sizes: Sizes) -> list[Figure]:
    """Uniform walks on a graph that fits the cache."""
    return [_walks("walks_small", _small(sizes), {}, sizes)]


def walks_large(sizes: Sizes) -> list[Figure]:
    """Uniform walks on a graph that does not fit the cache."""
    return [_walks("walks_large", _large(sizes), {}, sizes)]


def second_order_small(sizes: Sizes) -> list[Figure]:
    """Walks with p 0.5 and q 2 on a graph that fits the cache."""
    return [_walks("second_order_small", _small(sizes), _BIASED, sizes)]


def second_order_large(sizes: Sizes) -> list[Figure]:
    """Walks with p 0.5 and q 2 on a graph that does not fit the cache."""
    return [_walks("second_order_large", _large(sizes), _BIASED, sizes)]


def training_small(sizes: Sizes) -> list[Figure]:
    """The preset deepwalk on a graph that fits the cache, walks included."""
    return [_training("training_small", _small(sizes), {}, sizes)]


def training_large(sizes: Sizes) -> list[Figure]:
    """The preset deepwalk on a graph that does not fit the cache, walks included."""
    return [_training("training_large", _large(sizes), {}, sizes)]


def training_fast_small(sizes: Sizes) -> list[Figure]:
    """training_small with the choices of `fast`."""
    return [_training("training_fast_small", _small(sizes), fast(), sizes)]


def training_fast_large(sizes: Sizes) -> list[Figure]:
    """training_large with the choices of `fast`."""
    return [_training("training_fast_large", _large(sizes), fast(), sizes)]


def profile_small(sizes: Sizes) -> list[Figure]:
    """Where the time of training_small goes: nanoseconds a pair by part."""
    return _profile("profile_small", _small(sizes), {}, sizes)


def profile_large(sizes: Sizes) -> list[Figure]:
    """Where the time of training_large goes: nanoseconds a pair by part."""
    return _profile("profile_large", _large(sizes), {}, sizes)


def profile_fast_small(sizes: Sizes) -> list[Figure]:
    """Where the time of training_fast_small goes: nanoseconds a pair by part."""
    return _profile("profile_fast_small", _small(sizes), fast(), sizes)


def profile_fast_large(sizes: Sizes) -> list[Figure]:
    """Where the time of training_fast_large goes: nanoseconds a pair by part."""
    return _profile("profile_fast_large", _large(sizes), fast(), sizes)


def profile_factorisations(sizes: Sizes) -> list[Figure]:
    """Where the time of hope, netmf, strap, nrp and calibrated goes: percent by part."""
    from nodeemb.bench.factorising import profile
    from nodeemb.bench.made import made_graph

    few = made_graph(200, 1000)
    return profile("profile_factorisations", _small(sizes), few, sizes.dim)


def reading(sizes: Sizes) -> list[Figure]:
    """A file of edges: lines a CPU-second, and peak memory as a multiple of the graph's."""
    from nodeemb.bench.made import write_edges
    from nodeemb.io.edges import read_edges
    from nodeemb.memory import peak_bytes

    with tempfile.TemporaryDirectory() as folder:
        few, path = Path(folder, "few"), Path(folder, "edges")
        write_edges(few, 1000, 2000)
        read_edges(few, duplicates="first")
        write_edges(path, sizes.large_nodes, sizes.read_edges)
        before, begun = _resident(), time.process_time()
        graph = read_edges(path, duplicates="first")
        spent = time.process_time() - begun
    times = (peak_bytes() - before) / _held(graph)
    speed = sizes.read_edges / spent / 1e6
    return [
        Figure("reading", speed, "M edges/CPU-s", "higher"),
        Figure("reading_memory", times, "times the graph", "lower"),
    ]


def opening(sizes: Sizes) -> list[Figure]:
    """A saved graph that does not fit the cache: wall seconds until it is there, best of five."""
    from nodeemb.io.graph_files import load_graph, save_graph

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "graph")
        save_graph(_large(sizes), path)
        load_graph(path)
        quick, whole = (
            min(_wall(load_graph, path, whole=each) for _ in range(5))
            for each in (False, True)
        )
    return [
        Figure("opening", quick, "s", "lower"),
        Figure("opening_whole", whole, "s", "lower"),
    ]


def start(sizes: Sizes) -> list[Figure]:
    """`nodeemb --help`: wall seconds and CPU-seconds, the best of five."""
    return _command("start", "--help")


def second_run(sizes: Sizes) -> list[Figure]:
    """All of `nodeemb embed` on 200 edges once code is compiled: the best of five."""
    from nodeemb.bench.made import write_edges

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "edges")
        write_edges(path, 50, 200)
        chosen = ["--preset", "deepwalk", "--dim", "16", "--duplicates", "first", "-q"]
        return _command("second_run", "embed", str(path), *chosen, out=folder)


def search(sizes: Sizes) -> list[Figure]:
    """Exact top 10 among the nodes of soc-Epinions1's size, beside a plain matrix product."""
    import numpy as np

    from nodeemb.bench.made import made_table
    from nodeemb.embedding.search import top_k
    from nodeemb.roles.layout import lay_out
    from nodeemb.roles.schemes import find_scheme

    scheme, dim = find_scheme("source_target"), sizes.dim
    layout = lay_out(scheme, 2 * dim, "none")
    table = made_table(sizes.search_nodes, layout.columns)
    left, right = (
        np.ascontiguousarray(table[:512, :dim]),
        table[:, dim : 2 * dim].copy(),
    )
    asked, flops = iter(range(10**9)), 2 * dim * sizes.search_nodes / 1e9

    def questions() -> float:
        first = next(asked) * sizes.questions % sizes.search_nodes
        rows = np.arange(first, first + sizes.questions) % sizes.search_nodes
        found = sum(1 for _ in top_k(table, scheme, layout, rows, 10, True))
        return flops * found

    def product() -> float:
        np.dot(left, right.T)
        return flops * len(left)

    peak, speed = rate(product, sizes.seconds), rate(questions, sizes.seconds)
    return [
        Figure("search", speed, "GFLOP/CPU-s", "higher"),
        Figure("search_product", peak, "GFLOP/CPU-s", "higher"),
        Figure("search_share", 100 * speed / peak, "% of the product", "higher"),
    ]


def ranks(sizes: Sizes) -> list[Figure]:
    """Exact ranks of links among all nodes, as many as soc-Epinions1 has; MRR and Hits@K."""
    import numpy as np

    from nodeemb.bench.made import made_graph, made_table
    from nodeemb.embedding.embedding import Embedding
    from nodeemb.evaluation.ranking import rank_links, ranking_metrics
    from nodeemb.memory import peak_bytes
    from nodeemb.roles.schemes import find_scheme

    scheme, dim = find_scheme("source_target"), sizes.dim
    graph = made_graph(sizes.search_nodes, _LINKS * sizes.search_nodes)
    table = made_table(graph.num_nodes, 2 * dim)
    embedding = Embedding(graph.ids, table, scheme, 2 * dim)
    links = np.column_stack([graph.sources, graph.targets])
    links = links[links[:, 0] != links[:, 1]]
    links = links[:: max(1, len(links) // sizes.links)][: sizes.links]
    rank_links(embedding, links[:16], graph)
    before, begun = peak_bytes(), time.process_time()
    ranking_metrics(rank_links(embedding, links, graph))
    spent = time.process_time() - begun
    more = (peak_bytes() - before) / 2**20
    return [
        Figure("ranks", spent * 1e5 / len(links), "CPU-s/100,000", "lower"),
        Figure("ranks_memory", more, "MiB more", "lower"),
    ]


_BIASED = {"sampler.p": 0.5, "sampler.q": 2.0}


def fast() -> dict[str, Any]:
    """Choices that cost little quality and save much, for the preset deepwalk.

    16 noise rows that a block shares, in place of 96; products of bfloat16 where the
    processor has a fast instruction for them.
    """
    from nodeemb.training.backends.machine import HALVES

    few: dict[str, Any] = {"noise.shared": 16}
    return few | ({"training.bfloat16": True} if HALVES else {})


MEASURES = {
    run.__name__: Measure((run.__doc__ or "").partition("\n")[0], run)
    for run in (
        walks_small, walks_large, second_order_small, second_order_large,
        training_small, training_large, training_fast_small, training_fast_large,
        profile_small, profile_large, profile_fast_small, profile_fast_large, profile_factorisations, reading, opening, start, second_run, search, ranks,
    )
}  # fmt: skip


def _small(sizes: Sizes) -> Graph:
    from nodeemb.bench.made import made_graph

    return made_graph(sizes.small_nodes, sizes.small_edges)


def _large(sizes: Sizes) -> Graph:
    from nodeemb.bench.made import made_graph

    return made_graph(sizes.large_nodes, sizes.large_edges)


def _walks(
    name: str, graph: Graph, overrides: dict[str, float], sizes: Sizes
) -> Figure:
    """Steps a CPU-second of the walks of a preset."""
    from nodeemb.recipe import load_recipe
    from nodeemb.sampling.registry import plan
    from nodeemb.sampling.sequences import Sequences

    preset = "node2vec" if overrides else "deepwalk"
    made = plan(graph, load_recipe(preset, overrides=overrides).sampler, 0)
    firsts = _round(made.count)

    def work() -> float:
        first = next(firsts)
        drawn = made.draw(0, first, min(_WALKS, made.count - first))
        assert isinstance(drawn, Sequences)
        return float(drawn.lengths.sum() - len(drawn.lengths))

    return Figure(name, rate(work, sizes.seconds) / 1e6, "M steps/CPU-s", "higher")


def _round(count: int) -> Iterator[int]:
    """Where parts of an epoch begin, over and over."""
    while True:
        yield from range(0, count, _WALKS)


def _profile(
    name: str, graph: Graph, choices: dict[str, Any], sizes: Sizes
) -> list[Figure]:
    from nodeemb.bench.profile import profile

    return profile(name, graph, choices | {"roles.dim": sizes.dim})


def _training(name: str, graph: Graph, choices: dict[str, Any], sizes: Sizes) -> Figure:
    """Pairs a CPU-second of the preset deepwalk, from the walks to the tables."""
    from nodeemb.engine import feed_of, layout_of, make_backend
    from nodeemb.recipe import load_recipe
    from nodeemb.training.batches import batches_ahead
    from nodeemb.training.tables import new_tables

    recipe = load_recipe("deepwalk", overrides=choices | {"roles.dim": sizes.dim})
    feed, shift = feed_of(graph, recipe, 0)
    layout = layout_of(recipe)
    tables = new_tables(graph.num_nodes, layout, 0)
    engine = make_backend("cpu", tables, layout, recipe, shift, 1, "cpu")

    def steps() -> Iterator[float]:
        while True:
            for several in batches_ahead(feed, 0):
                rates = [recipe.training.learning_rate] * len(several)
                losses = engine.steps(
                    engine.stacked(several), rates, [0] * len(several)
                )
                yield sum(loss.pairs for loss in losses)

    made = steps()
    speed = rate(lambda: next(made), sizes.seconds)
    return Figure(name, speed / 1e6, "M pairs/CPU-s", "higher")


def _wall(work: Callable[..., object], *given: object, **named: object) -> float:
    begun = time.perf_counter()
    work(*given, **named)
    return time.perf_counter() - begun


def _command(name: str, *args: str, out: str = "") -> list[Figure]:
    """Wall and CPU-seconds of a command of the program; the first time is not counted."""
    walls, spent = [], []
    for number in range(_STARTS + 1):
        more = ["--out", str(Path(out, f"run{number}"))] if out else []
        command = [sys.executable, "-m", "nodeemb.cli.main", *args, *more]
        wall, before = time.perf_counter(), _children()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        walls.append(time.perf_counter() - wall)
        spent.append(_children() - before)
    return [
        Figure(f"{name}_wall", min(walls[1:]), "s", "lower"),
        Figure(name, min(spent[1:]), "CPU-s", "lower"),
    ]


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _resident() -> int:
    """Bytes held now; the peak where the system does not tell."""
    from nodeemb.memory import peak_bytes

    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return peak_bytes()
    return pages * resource.getpagesize()


def _held(graph: Graph) -> int:
    """Bytes of a graph with ids that are whole numbers."""
    arrays = [*graph.out, *graph.into, graph.weight, graph.sign, graph.ids.to_numpy()]
    return sum(array.nbytes for array in arrays if array is not None)
