"""The forecast against what a run really allocates, and a refusal that leaves room."""

from __future__ import annotations

import tracemalloc

import numpy as np
import planted
import pytest

from nodeemb import forecast, pace
from nodeemb.corpus.corpus import Corpus
from nodeemb.corpus.made import corpus_of
from nodeemb.corpus.reading import read_corpus
from nodeemb.engine import count_threads, feed_of, layout_of
from nodeemb.errors import OutOfResources
from nodeemb.forecast import (
    Size,
    forecast_memory,
    graph_size,
    program_memory,
)
from nodeemb.graph.graph import Graph
from nodeemb.material import material_size
from nodeemb.pace import forecast_seconds
from nodeemb.recipe import load_recipe, presets
from nodeemb.rng import stream_key, units
from nodeemb.run import embed
from nodeemb.training.tables import new_tables

TRAINED = [
    p for p in presets() if load_recipe(p).factorise is None and p not in planted.TEXT
]
WALKS = ("deepwalk", "node2vec", "app", "verse")


def with_weights(graph, signs=False):
    return Graph.from_edges(
        graph.sources,
        graph.targets,
        weight=[1.0 + i % 3 for i in range(graph.num_arcs)],
        sign=[1 - 2 * (i % 4 == 0) for i in range(graph.num_arcs)] if signs else None,
        num_nodes=graph.num_nodes,
    )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("preset", TRAINED)
def test_memory_within_a_quarter_of_what_is_allocated(preset, weighted):
    """numpy tells tracemalloc of its arrays; what is allocated before is added."""
    rows = np.random.default_rng(0).integers(0, 20_000, (2, 60_000))
    graph = Graph.from_edges(*rows, num_nodes=20_000, duplicates="first")
    graph = with_weights(graph) if weighted else graph
    graph = planted.suited(graph, preset)
    small = {"sampler.walks_per_node": 1} if preset in WALKS else {}
    recipe = load_recipe(
        preset, overrides={"training.epochs": 1, "roles.dim": 32, **small}
    )
    embed(graph, recipe)  # compiled
    arrays = [*graph.out, *graph.into, graph.weight, graph.sign]
    held = sum(array.nbytes for array in arrays if array is not None)
    vars(graph).pop("sources", None)
    tracemalloc.start()
    embed(graph, recipe)
    peak = tracemalloc.get_traced_memory()[1] + held
    tracemalloc.stop()
    memory = forecast_memory(graph_size(graph), recipe)
    assert abs(memory.peak - peak) < 0.25 * peak


@pytest.mark.parametrize("preset", planted.TEXT)
def test_memory_of_training_on_text(preset):
    """The words are held before; the stream is an array here, and is so too."""
    u = units(stream_key(0, "text"), 0, 400_000).reshape(-1, 20)
    rows = np.int64(u**2 * 20_000)
    corpus = corpus_of([[f"w{row}" for row in line] for line in rows.tolist()], 1)
    recipe = load_recipe(preset, overrides={"training.epochs": 1, "roles.width": 24,
                                            "roles.dim": None})  # fmt: skip
    embed(corpus, recipe)  # compiled
    tracemalloc.start()
    embed(corpus, recipe)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    memory = forecast_memory(material_size(corpus), recipe, threads=count_threads(None))
    assert abs(memory.peak - memory.graph - peak) < 0.25 * peak


def test_memory_of_a_vocabulary(tmp_path):
    words = [f"word{i}" for i in range(30_000)]
    corpus_folder = tmp_path / "corpus"
    (tmp_path / "text").write_text(" ".join(words * 2))
    read_corpus(tmp_path / "text", min_count=1, out=corpus_folder)
    Corpus.load(corpus_folder)  # imports
    tracemalloc.start()
    corpus = Corpus.load(corpus_folder)
    assert len(corpus.ids) == 30_000
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    memory = forecast_memory(material_size(corpus), load_recipe("sgns"))
    assert abs(memory.graph - held) < 0.25 * held
    assert abs(memory.reading - peak) < 0.25 * peak


MIXED = {
    "channels, each with its noise": {"roles.scheme": "close_direction"},
    "reversed pairs": {"noise.reversed": 0.5, "noise.uniform": 0.2},
    "reverse of walks": {"noise.reversed": 0.5, "sampler.walks_per_node": 1},
    "left and right apart": {
        "roles.scheme": "four_side",
        "stencil.sides": "both",
        "sampler.walks_per_node": 1,
    },
}


@pytest.mark.parametrize(
    ("preset", "mixture"),
    [
        ("nerd", "channels, each with its noise"),
        ("nerd", "reversed pairs"),
        ("app", "reverse of walks"),
        ("app", "left and right apart"),
    ],
)
def test_memory_of_mixed_noise_and_of_channels(preset, mixture):
    """A batch holds the slopes of every channel, and those of reversed pairs."""
    rows = np.random.default_rng(0).integers(0, 5_000, (2, 40_000))
    graph = Graph.from_edges(*rows, num_nodes=5_000, duplicates="first")
    large = {"training.epochs": 1, "roles.dim": None, "roles.width": 160}
    blocks = {"training.block_pairs": 600, "training.block_rows": 300}
    recipe = load_recipe(preset, overrides=large | blocks | MIXED[mixture])
    embed(graph, recipe)  # compiled
    held = sum(array.nbytes for array in [*graph.out, *graph.into])
    vars(graph).pop("sources", None)
    tracemalloc.start()
    embed(graph, recipe)
    peak = tracemalloc.get_traced_memory()[1] + held
    tracemalloc.stop()
    memory = forecast_memory(graph_size(graph), recipe)
    assert memory.batch > 0.1 * memory.peak, "the batch counts here"
    assert abs(memory.peak - peak) < 0.25 * peak


def test_the_parts_are_what_is_made():
    graph = with_weights(planted.random_digraph(500, 4000), signs=True)
    recipe = load_recipe("nerd", overrides={"roles.dim": 16})
    memory = forecast_memory(graph_size(graph), recipe)
    arrays = [*graph.out, *graph.into, graph.weight, graph.sign]
    assert memory.graph == pytest.approx(sum(a.nbytes for a in arrays), rel=0.01)
    tables = new_tables(500, layout_of(recipe), 0)
    assert memory.tables == 2 * tables.table.nbytes + tables.squares.nbytes + 4 * 500
    crew = forecast_memory(graph_size(graph), recipe, threads=3)
    assert crew.tables - memory.tables == 2 * 4 * 500  # each groups slopes by node
    more = forecast_memory(graph_size(graph), recipe, validated=True)
    assert more.tables - memory.tables == tables.table.nbytes
    twice = forecast_memory(graph_size(graph), recipe, itemsize=8)
    assert twice.tables == 2 * memory.tables - 4 * 500


def test_what_torch_trains_is_there_twice():
    """Torch has tables of its own, and the result is cut from what holds the core too."""
    size = graph_size(planted.random_digraph(500, 4000))
    cored, plain = (
        load_recipe("line2", overrides={"roles.scheme": name, "roles.width": 16})
        for name in ("learned_form", "single")
    )
    memory = forecast_memory(size, cored)
    tables = new_tables(500, layout_of(cored), 0)
    assert tables.table.shape == (516, 2 * 16)
    assert memory.tables == 4 * tables.table.nbytes + 2 * tables.squares.nbytes
    assert memory.batch > 5 * forecast_memory(size, plain).batch
    assert program_memory(cored) > program_memory(plain)


def test_a_backend_that_is_named_is_the_one_that_is_forecast(monkeypatch):
    size = graph_size(planted.random_digraph(500, 4000))
    recipe, larger = (
        load_recipe("deepwalk", overrides={"training.block_rows": rows, "roles.dim": 4})
        for rows in (256, 2048)
    )
    cpu, torch = (forecast_memory(size, recipe, backend=b) for b in ("cpu", "torch"))
    assert cpu == forecast_memory(size, recipe)
    assert torch.tables > 2 * cpu.tables - 10_000
    # scores of all rows of a block with all: 8 times the rows, no fewer blocks than an eighth
    assert forecast_memory(size, larger, backend="torch").batch > 7 * torch.batch
    total = int((cpu.peak + torch.peak) / 2 / forecast._SHARE)
    monkeypatch.setattr(forecast, "memory_bytes", lambda: total)
    graph = planted.random_digraph(500, 4000)
    embed(graph, recipe, backend="cpu", options={"training.epochs": 1})
    with pytest.raises(OutOfResources):
        embed(graph, recipe, backend="torch")


def test_size_of_an_undirected_graph_counts_both_arcs():
    graph = planted.small_undirected(weighted=True)
    size = graph_size(graph)
    assert (size.nodes, size.edges) == (graph.num_nodes, graph.num_edges)
    assert size.weighted and not size.directed and size.arcs >= graph.num_arcs


@pytest.mark.parametrize("preset", TRAINED)
def test_seconds_grow_with_the_graph(monkeypatch, preset):
    monkeypatch.setattr(pace, "_SAMPLE_SECONDS", 0.05)
    monkeypatch.setattr(pace, "_SAMPLE_NODES", 500)
    recipe = load_recipe(preset, overrides={"roles.dim": 4, "training.epochs": 2})
    small = forecast_seconds(Size(10_000, 50_000), recipe, 1)
    large = forecast_seconds(Size(1_000_000, 5_000_000), recipe, 1)
    assert 20 < large / small < 500


def test_the_sample_graph_has_as_many_edges_a_node():
    for size in (Size(7, 11), Size(10**6, 8 * 10**6, directed=False, weighted=True)):
        graph = pace._sample(size)
        mean = graph.num_edges / graph.num_nodes
        assert mean == pytest.approx(size.edges / size.nodes, rel=0.35)
        assert graph.directed == size.directed
        feed, _ = feed_of(graph, load_recipe("deepwalk"), 0)
        assert feed.plan.count == 10 * graph.num_nodes
