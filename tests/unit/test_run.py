"""From a graph to an embedding: presets, seeds and threads, validation, what is refused."""

from __future__ import annotations

import json
import logging

import numpy as np
import planted
import pytest

from nodeemb import engine, forecast, run, validation
from nodeemb.embedding.embedding import load
from nodeemb.embedding.scoring import score_rows
from nodeemb.errors import DataRefused, Diverged, OutOfResources, WrongUse
from nodeemb.evaluation.metrics import auc
from nodeemb.evaluation.split import split_edges
from nodeemb.graph.graph import Graph
from nodeemb.material import digest_of
from nodeemb.progress import Progress
from nodeemb.recipe import Recipe, load_recipe, presets
from nodeemb.rng import integers, stream_key
from nodeemb.roles.layout import lay_out
from nodeemb.roles.schemes import SCHEMES
from nodeemb.run import embed
from nodeemb.training.backends.cpu import CpuBackend

BLOCKS = planted.block_model()
RING = planted.directed_ring(5)
SHORT = {"training.epochs": 2}
trained_preset = pytest.mark.parametrize(
    "preset", [p for p in presets() if load_recipe(p).factorise is None]
)


def short(preset, graph=BLOCKS, *, dim=8, **more):
    """A preset for two epochs; names of options with their dots written as __."""
    options = SHORT | {name.replace("__", "."): value for name, value in more.items()}
    return embed(graph, preset, dim=dim, threads=1, options=options)


# ---- presets, seeds, threads --------------------------------------------------------------


@trained_preset
def test_the_same_seed_is_the_same_table_on_one_and_two_threads(preset):
    options = dict(SHORT)
    if load_recipe(preset).sampler.kind in ("walks", "second_order"):
        options["sampler.walks_per_node"] = 1
    graph = planted.suited(BLOCKS, preset)
    one, two, other = (
        embed(graph, preset, dim=8, seed=seed, threads=threads, options=options)
        for seed, threads in ((5, 1), (5, 2), (6, 1))
    )
    assert one.table.tobytes() == two.table.tobytes()
    assert one.table.tobytes() != other.table.tobytes()
    assert np.isfinite(one.table).all() and len(np.unique(one.table)) > 100
    assert (one.manifest["threads"], two.manifest["threads"]) == (1, 2)
    assert (one.manifest["seed"], other.manifest["seed"]) == (5, 6)


@trained_preset
def test_every_preset_gives_roles_of_the_length_asked_for_and_a_record(
    preset, tmp_path
):
    graph = planted.suited(BLOCKS, preset)
    embedding = short(preset, graph)
    assert embedding.table.shape == (45, embedding.layout.columns)
    assert embedding.dim == 8
    record = json.loads(json.dumps(embedding.manifest))
    assert record == embedding.manifest, "nothing in it that files cannot hold"
    recipe = Recipe.model_validate(record["recipe"])
    assert recipe == load_recipe(
        preset, overrides={**SHORT, "roles.dim": 8}
    ).model_copy(update={"expected": []})
    assert record["seed"] == 0 and record["graph"]["digest"] == digest_of(graph)
    assert embedding.graph_hash == digest_of(graph)
    done = record["training"]
    assert done["state"] == "done" and done["best_epoch"] == 2
    assert done["pairs"] == sum(e["pairs"] for e in done["epochs"]) > 0
    assert done["epochs"][1]["loss"] < done["epochs"][0]["loss"] or preset in (
        "deepwalk",
        "sgns",
        "left_right",
    )
    again = load(embedding.save(tmp_path / "new"))
    assert again.table.tobytes() == embedding.table.tobytes()
    assert again.manifest == embedding.manifest


def test_without_a_preset_the_direction_decides():
    directed = embed(RING, dim=2, options=SHORT)
    undirected = embed(planted.small_undirected(), dim=2, options=SHORT)
    assert directed.manifest["recipe"]["name"] == "nerd"
    assert undirected.manifest["recipe"]["name"] == "deepwalk"


def test_dim_width_options_and_recipes_say_the_same():
    recipe = load_recipe("line2", overrides={"roles.width": 12, **SHORT})
    tables = [
        embed(BLOCKS, "line2", width=12, options=SHORT).table,
        embed(BLOCKS, "line2", dim=np.int64(6), options=SHORT).table,
        embed(BLOCKS, "line2", options={**SHORT, "roles.dim": 6}).table,
        embed(BLOCKS, recipe).table,
        embed(BLOCKS, recipe, dim=6).table,
        embed(BLOCKS, load_recipe("line2"), width=12, options=SHORT).table,
    ]
    for table in tables[1:]:
        assert np.array_equal(table, tables[0])


def test_ids_stay_with_their_rows():
    names = [f"node {i}" for i in range(5)]
    edges = [(names[i], names[(i + 1) % 5]) for i in (3, 1, 4, 0, 2)]
    graph = Graph.from_edges(*map(list, zip(*edges, strict=True)))
    embedding = embed(graph, "line2", dim=4, options=SHORT)
    assert list(embedding.ids) == list(graph.ids)
    scores = embedding.score(edges)
    rows = [graph.ids.rows(ends) for ends in zip(*edges, strict=True)]
    assert np.array_equal(scores, embedding.score_rows(*rows))


def test_isolated_nodes_get_their_rows():
    embedding = short("deepwalk", planted.isolated_and_dangling())
    assert len(embedding) == 6 and np.isfinite(embedding.table).all()
    assert not np.array_equal(embedding[4], embedding[5])


def test_tables_have_the_precision_asked_for():
    for dtype in ("float32", "float64"):
        embedding = embed(RING, "line2", dim=2, dtype=dtype, options=SHORT)
        assert embedding.table.dtype == dtype
        assert embedding.manifest["dtype"] == dtype


def test_the_result_holds_its_table_and_no_more():
    embedding = short("line2", roles__biases="free")
    assert embedding.table.flags.c_contiguous
    assert embedding.table.nbytes == 45 * (16 + 2) * 4
    held = (
        embedding.table.base
    )  # begins anywhere, and has as much more as a line of memory
    assert held.base is None and held.nbytes == embedding.table.nbytes + 64


def test_the_number_of_threads_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("NODEEMB_THREADS", "1")
    assert embed(RING, "line2", dim=2, options=SHORT).manifest["threads"] == 1
    monkeypatch.setenv("NODEEMB_THREADS", "many")
    with pytest.raises(WrongUse, match="threads is many"):
        embed(RING, "line2", dim=2)
    assert engine.count_threads(3) == 3, "what is asked for wins"
    monkeypatch.delenv("NODEEMB_THREADS")
    assert engine.count_threads(None) >= 1


# ---- backends -----------------------------------------------------------------------------

ONE_BATCH = {
    "training.epochs": 1,
    "training.block_pairs": 4096,
    "training.block_rows": 4096,
    "noise.shared": 8,
}


@pytest.mark.parametrize("preset", ["deepwalk", "line1", "nerd", "verse"])
def test_backends_agree_after_one_batch(preset):
    graph = planted.no_sinks(weighted=True)
    walks = {"sampler.walk_length": 12, "sampler.walks_per_node": 2}
    more = {} if preset in ("line1", "nerd") else walks
    cpu, torch, reference = (
        embed(
            graph,
            preset,
            dim=4,
            backend=backend,
            dtype="float64",
            threads=1,
            options=ONE_BATCH | more,
        )
        for backend in run.BACKENDS
    )
    layout = cpu.layout
    start = run.new_tables(6, layout, 0, "float64").table
    moved = np.abs(cpu.table - start).max()
    assert moved > 0.01
    assert np.abs(torch.table - cpu.table).max() < 1e-10 * moved
    assert np.abs(reference.table - cpu.table).max() < 1e-10 * moved
    losses = [e.manifest["training"]["epochs"][0]["loss"] for e in (cpu, torch)]
    assert losses[0] == pytest.approx(losses[1])
    told = [e.manifest["backend"] for e in (cpu, torch, reference)]
    assert told == ["cpu", "torch on cpu", "reference"]


def test_the_torch_backend_trains_more_than_one_epoch():
    cpu, torch = (
        embed(RING, "nerd", dim=4, backend=b, dtype="float64", options=SHORT)
        for b in ("cpu", "torch")
    )
    assert np.abs(cpu.table - torch.table).max() < 1e-8
    assert cpu.manifest["training"]["pairs"] == torch.manifest["training"]["pairs"]


# ---- validation -------------------------------------------------------------------------


def test_validation_keeps_the_best_epoch():
    split = split_edges(BLOCKS, test=0.2, validation=0.2, seed=1)
    options = {"training.epochs": 12, "training.patience": 4}
    kinds = ("uniform", "reversed")
    embedding = embed(
        split.train,
        "line2",
        width=64,
        options=options | {"training.learning_rate": 0.5},
        threads=1,
        validation=split,
        validation_negatives=kinds,
    )
    done = embedding.manifest["training"]
    found = [epoch["validation"] for epoch in done["epochs"]]
    assert done["best_epoch"] == np.argmax(found) + 1 < 12
    validate = validation.make_validator(
        split, split.train, embedding.scheme, embedding.layout, kinds, 0
    )
    assert validate(embedding.table) == max(found)
    assert len(found) == done["best_epoch"] + 4 or len(found) == 12


def test_validation_is_the_mean_auc_over_kinds_of_negatives():
    from nodeemb.evaluation.negatives import draw_negatives

    split = split_edges(BLOCKS, test=0.2, validation=0.2, seed=1)
    embedding = short("line2", split.train)
    args = split, split.train, embedding.scheme, embedding.layout
    table = embedding.table
    both, uniform, backwards = (
        validation.make_validator(*args, kinds, 3)(table)
        for kinds in (("uniform", "reversed"), ("uniform",), ("reversed",))
    )
    assert both == pytest.approx((uniform + backwards) / 2)
    hidden = {tuple(pair) for pair in split.test.tolist()}
    known = split.graph.keep_arcs(
        np.array(
            [
                (u, v) not in hidden
                for u, v in zip(
                    split.graph.sources.tolist(),
                    split.graph.targets.tolist(),
                    strict=True,
                )
            ]
        )
    )
    bad = draw_negatives("uniform", known, split.validation, 3).pairs
    good, others = (
        score_rows(table, embedding.scheme, embedding.layout, *pairs.T)
        for pairs in (split.validation, bad)
    )
    assert uniform == pytest.approx(auc(good, others))


def test_undirected_validation_looks_at_no_test_link(monkeypatch):
    """Negatives avoid links that are known; a test link is like any other pair."""
    graph = Graph.from_edges(
        BLOCKS.sources, BLOCKS.targets, directed=False, duplicates="first"
    )
    split = split_edges(graph, test=0.2, validation=0.2, seed=1)
    known = []

    def draw(kind, graph, positives, seed, whole=validation.draw_negatives):
        known.append(graph)
        return whole(kind, graph, positives, seed)

    monkeypatch.setattr(validation, "draw_negatives", draw)
    layout = lay_out(SCHEMES["single"], 4, "none")
    validation.make_validator(
        split, split.train, SCHEMES["single"], layout, ("uniform",), seed=0
    )
    pairs = np.concatenate([split.test, split.test[:, ::-1]]).T
    assert (known[0].arc_positions(*pairs) < 0).all()
    assert (known[0].arc_positions(*split.validation.T) >= 0).all()
    arcs = split.train.num_arcs + 2 * len(split.validation)
    assert known[0].num_arcs == arcs


def test_validation_on_another_graph_or_without_links_is_refused():
    split = split_edges(BLOCKS, test=0.2, validation=0.2)
    with pytest.raises(WrongUse, match="not the training graph"):
        embed(BLOCKS, "line2", dim=4, validation=split)
    bare = split_edges(BLOCKS, test=0.2)
    with pytest.raises(WrongUse, match="no validation links"):
        embed(bare.train, "line2", dim=4, validation=bare)
    with pytest.raises(WrongUse, match="uniform"):
        embed(
            split.train,
            "line2",
            dim=4,
            validation=split,
            validation_negatives=["uniforn"],
        )


# ---- what goes wrong --------------------------------------------------------------------

WILD = {
    "training.optimizer": "sgd",
    "training.learning_rate": 100.0,
    "training.epochs": 30,
}


@pytest.mark.parametrize("backend", ["cpu", "torch"])
def test_divergence_gives_the_last_good_tables(backend, tmp_path):
    with pytest.raises(Diverged, match="optimizer=adagrad") as caught:
        embed(BLOCKS, "line2", dim=8, backend=backend, options=WILD)
    kept = caught.value.embedding
    assert np.isfinite(kept.table).all() and kept.table.shape == (45, 16)
    assert kept.manifest["training"]["state"] == "diverged"
    assert list(kept.ids) == list(BLOCKS.ids)
    assert load(kept.save(tmp_path / "kept")).table.tobytes() == kept.table.tobytes()


@pytest.mark.parametrize("backend", ["cpu", "torch"])
@pytest.mark.parametrize("init", ["random", "hope"])
def test_divergence_in_the_first_epoch_gives_what_training_began_with(init, backend):
    wild = {
        "objective.kind": "squared",
        "noise.per_pair": 0,
        "training.optimizer": "sgd",
        "training.init": init,
        "training.block_pairs": 8,
        "training.batch_blocks": 1,
    }

    def at(rate):
        options = wild | {"training.learning_rate": rate}
        return embed(BLOCKS, "line2", dim=8, backend=backend, options=options)

    with pytest.raises(Diverged, match="tables training began with") as caught:
        at(100.0)
    np.testing.assert_array_equal(caught.value.embedding.table, at(1e-38).table)


def test_too_much_memory_is_refused_before_it_is_taken(monkeypatch):
    monkeypatch.setattr(forecast, "memory_bytes", lambda: 200_000)

    def never(*args):
        raise AssertionError("tables were made")

    with monkeypatch.context() as patch:
        patch.setattr(run, "new_tables", never)
        with pytest.raises(OutOfResources, match=r"a width of \d+ or less") as caught:
            embed(BLOCKS, "line2", width=2000)
    assert caught.value.exit_code == 4
    fits = int(str(caught.value).split("width of ")[1].split()[0])
    embed(BLOCKS, "line2", width=fits // 2 * 2, options=SHORT)
    with pytest.raises(OutOfResources):
        embed(BLOCKS, "line2", width=fits // 2 * 2 + 4, options=SHORT)
    monkeypatch.setattr(forecast, "memory_bytes", lambda: None)
    assert len(embed(RING, "line2", width=4, options=SHORT)) == 5


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"preset": "nurd"}, "Did you mean nerd"),
        ({"options": {"epochs": 3}}, "Did you mean training.epochs"),
        ({"dim": 4, "width": 8}, "both dim and width"),
        ({"dim": 4, "options": {"roles.dim": 4}}, "roles.dim is given twice"),
        ({"dim": 0}, "roles.dim: .*1 to 65,536"),
        ({"dim": "4"}, "Remove the quotes"),
        ({"width": 7}, "width 7 cannot be shared out .* For example 8"),
        ({"seed": "one"}, "seed is 'one'"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"seed": True}, "seed is True"),
        ({"threads": 0}, "threads is 0"),
        ({"threads": 1.5}, "threads is 1.5"),
        ({"backend": "gpu"}, 'no backend "gpu"'),
        ({"device": "cuda"}, "the backend cpu cannot use the device cuda"),
        ({"backend": "torch", "device": "gpu9"}, "cannot use the device gpu9"),
        ({"dtype": "float16"}, 'no dtype "float16"'),
        ({"options": {"roles.scheme": "four_signed"}}, "needs signed edges"),
    ],
    ids=str,
)
def test_wrong_use_is_refused_with_the_way_out(changes, said):
    preset = changes.pop("preset", "line2")
    with pytest.raises(WrongUse, match=said):
        embed(RING, preset, **changes)


def test_what_is_no_graph_is_refused():
    with pytest.raises(WrongUse, match=r"the graph is a dict.*Graph\.from_edges"):
        embed({0: [1]}, "line2")  # type: ignore[arg-type]


@pytest.mark.parametrize("preset", [p for p in presets() if p not in planted.TEXT])
@pytest.mark.parametrize("edges", [[(0, 0), (2, 2)], []])
def test_a_graph_with_nothing_to_learn_is_refused(preset, edges):
    graph = Graph.from_edges([0, 1, 2], [0, 1, 2], num_nodes=3)
    graph = graph.keep_arcs(np.array([(u, u) in edges for u in range(3)]))
    with pytest.raises(DataRefused, match="no edge of this graph joins two nodes"):
        embed(graph, preset, dim=4)


def test_a_seed_may_be_any_whole_number():
    tables = {
        embed(RING, "line2", dim=2, seed=seed, options=SHORT).table.tobytes()
        for seed in (0, -1, 2**70, np.int64(7), 7)
    }
    assert len(tables) == 4


# ---- what is told -------------------------------------------------------------------------


def test_progress_goes_up_to_the_whole(monkeypatch):
    monkeypatch.setattr(CpuBackend, "at_once", 2)
    told: list[Progress] = []
    embed(BLOCKS, "nerd", dim=4, options=SHORT, progress=told.append)
    shares = [moment.share for moment in told]
    assert shares == sorted(shares) and len(set(shares)) == len(shares) > 4
    assert shares[0] > 0 and shares[-1] == 1
    assert all(moment.loss is None or moment.loss > 0 for moment in told)


def test_progress_may_be_a_line_on_standard_error(capsys):
    embed(RING, "line2", dim=2, options=SHORT, progress=True)
    shown = capsys.readouterr()
    assert shown.out == "" and "epoch 2/2  100 %" in shown.err
    embed(RING, "line2", dim=2, options=SHORT)
    assert capsys.readouterr() == ("", "")


def told(graph, preset, caplog, **options) -> str:
    caplog.clear()
    with caplog.at_level(logging.WARNING, "nodeemb"):
        embedding = short(preset, graph, **options)
    assert embedding.manifest["notes"] == [r.message for r in caplog.records]
    return " | ".join(embedding.manifest["notes"])


def test_what_the_user_should_know_is_told(caplog):
    assert "3 of 6 nodes have no out-edge" in told(
        planted.isolated_and_dangling(), "app", caplog
    )
    notes = told(planted.isolated_and_dangling(), "nerd", caplog)
    assert "3 of 6 nodes are never the source of a pair and 3 never its target" in notes
    assert "directions are ignored" in told(RING, "deepwalk", caplog)
    assert "every edge has its reverse" in told(
        Graph.from_edges([0, 1, 1, 2], [1, 0, 2, 1]), "line2", caplog
    )
    assert "signs are not used" in told(planted.signed_digraph(), "line2", caplog)
    assert told(RING, "line2", caplog) == ""
    assert told(planted.small_undirected(), "deepwalk", caplog) == ""


# ---- signs and sides ----------------------------------------------------------------------


def camps(size: int = 12) -> Graph:
    """Two camps: links within are positive, links between are negative."""
    u, v = integers(stream_key(0, "camps"), 0, 600, 2 * size).reshape(2, -1)
    keep = u != v
    u, v = u[keep], v[keep]
    first = np.unique(u * 2 * size + v, return_index=True)[1]
    u, v = u[first], v[first]
    sign = np.where((u < size) == (v < size), 1, -1)
    return Graph.from_edges(u, v, sign=sign, num_nodes=2 * size)


def test_signed_links_are_told_apart():
    graph = camps()
    options = {
        "roles.scheme": "four_signed",
        "training.epochs": 60,
        "training.learning_rate": 0.1,
    }
    embedding = embed(graph, "line2", dim=4, threads=1, options=options)
    assert embedding.dim == 4 and embedding.width == 16
    u, v = (rows.ravel() for rows in np.mgrid[0:24, 0:24])
    seen = graph.arc_positions(u, v) >= 0
    hidden = ~seen & (u != v)
    same = (u < 12) == (v < 12)
    scores = embedding.score_rows(u, v)
    assert auc(scores[hidden & same], scores[hidden & ~same]) > 0.9
    pairs = np.column_stack([u, v])
    positive, negative = (
        embedding.score(pairs, channel=c) for c in ("positive", "negative")
    )
    assert auc(positive[seen & same], positive[seen & ~same]) > 0.95
    assert auc(negative[seen & ~same], negative[seen & same]) > 0.95
    assert scores == pytest.approx(positive - negative, abs=1e-5)


def test_signed_training_is_the_same_on_any_threads():
    options = {**SHORT, "roles.scheme": "four_signed", "roles.biases": "free"}
    one, two = (
        embed(camps(), "line2", dim=4, threads=t, options=options).table for t in (1, 2)
    )
    assert np.array_equal(one, two)


def test_a_role_of_both_sides_is_not_called_untrained():
    """With one table a pure target is trained as it is; with two its source is not."""
    star = Graph.from_edges([0, 0, 0], [1, 2, 3])
    silent = "never the source of a pair"
    for preset, told in (("line1", False), ("line2", True)):
        notes = " ".join(short(preset, star).manifest["notes"])
        assert (silent in notes) == told
