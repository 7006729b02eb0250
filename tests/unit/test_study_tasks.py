"""Studies of texts, counts, signs and word relations; data sets without what is tested."""

import naive
import numpy as np
import pytest
from scipy.sparse import csr_array

import nodeemb as ne
from nodeemb.diagnosis.evidence import of_matrix
from nodeemb.embedding.embedding import Embedding
from nodeemb.engine import feed_of
from nodeemb.errors import DataRefused, WrongUse
from nodeemb.graph.graph import Graph
from nodeemb.io.word_cards import load_word_card, read_word_set
from nodeemb.options import parse
from nodeemb.recipe import load_recipe, overridden
from nodeemb.rng import below, stream_key
from nodeemb.roles.schemes import SCHEMES
from nodeemb.study import datasets as datasets_module
from nodeemb.study import nulls as nulls_module
from nodeemb.study import work
from nodeemb.study.blocks import Blocks, drawn_blocks
from nodeemb.study.contrasts import answers, chosen
from nodeemb.study.datasets import Dataset, Text
from nodeemb.study.doses import Dose, drawn_counts, structure
from nodeemb.study.likelihood import gain
from nodeemb.study.nulls import null_of
from nodeemb.study.options import Study, at_width
from nodeemb.study.plan import Graphs
from nodeemb.study.results import load_results
from nodeemb.study.table import markdown
from nodeemb.study.tasks import CountTask, Model, SignTask, make_task

EDGES = {
    "sampler": {"kind": "edges"},
    "stencil": {"kind": "pair"},
    "noise": {"per_pair": 5, "power": 1.0, "side": "target"},
    "roles": {"biases": "free"},
    "training": {"epochs": 30, "learning_rate": 0.1},
}


def graph_of(directed=True, seed=0, nodes=60, edges=500):
    draw = np.random.default_rng(seed)
    pairs = np.unique(draw.integers(0, nodes, (edges, 2)), axis=0)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]] if not directed else pairs
    return Graph.from_edges(*pairs.T, num_nodes=nodes, directed=directed)


# ---- nulls --------------------------------------------------------------------------


def links(graph):
    found = graph.sources.astype(int), graph.targets.astype(int)
    return {(u, v) for u, v in zip(*found, strict=True) if u != v}


def test_a_coin_keeps_who_is_linked_and_what_is_mutual():
    for directed in (True, False):
        graph = graph_of(directed, nodes=30)
        made = null_of(graph, "coin")
        before, after = links(graph), links(made)
        assert {frozenset(one) for one in before} == {frozenset(one) for one in after}
        if directed:
            mutual = {one for one in before if one[::-1] in before}
            assert (
                mutual
                and mutual <= after
                and mutual == {one for one in after if one[::-1] in after}
            )
            turned = sum(one not in before for one in after)
            assert 0.35 < turned / (len(before) - len(mutual)) < 0.65
        else:
            assert len(after) == len(before) / 2 and made.directed


def test_a_configuration_keeps_degrees_and_little_else():
    graph = graph_of(nodes=80, edges=600)
    made = null_of(graph, "configuration")
    before, after = links(graph), links(made)
    assert len(before) == len(after)
    for side in (0, 1):
        counts = [
            np.bincount([one[side] for one in found], minlength=80)
            for found in (before, after)
        ]
        np.testing.assert_array_equal(*counts)
    assert len(before & after) < 0.4 * len(before)
    assert links(null_of(graph, "configuration", 1)) != after
    with pytest.raises(WrongUse, match="directed"):
        null_of(graph_of(False), "configuration")


def test_swaps_are_those_of_a_set():
    """Few nodes and many links, so that most swaps meet a link that is there."""
    draw = np.random.default_rng(3)
    pairs = np.unique(draw.integers(0, 14, (120, 2)), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]].astype(np.int64)
    key, swaps = stream_key(5, "swaps"), 3000
    sources, targets = pairs[:, 0].tolist(), pairs[:, 1].tolist()
    there = set(zip(sources, targets, strict=True))
    for number in range(swaps):
        one, other = (below(key, 2 * number + i, len(pairs)) for i in (0, 1))
        u, v, x, y = sources[one], targets[one], sources[other], targets[other]
        if u == y or x == v or (u, y) in there or (x, v) in there:
            continue
        there = (there - {(u, v), (x, y)}) | {(u, y), (x, v)}
        targets[one], targets[other] = y, v
    told = pairs[:, 1].copy()
    nulls_module._swap(pairs[:, 0].copy(), told, 14, key, swaps)
    assert told.tolist() == targets != pairs[:, 1].tolist()


def test_permuted_targets_are_the_same_sets_under_other_names():
    graph = graph_of(nodes=80, edges=600)
    made = null_of(graph, "permuted")
    into = sorted(np.bincount([v for _, v in links(graph)], minlength=80))
    other = sorted(np.bincount([v for _, v in links(made)], minlength=80))
    assert abs(np.array(into) - other).max() <= 3  # some became loops and are gone
    assert len(links(graph) & links(made)) < 0.3 * len(links(graph))


# ---- doses and blocks ---------------------------------------------------------------


@pytest.mark.parametrize("kind", ["normal", "role"])
def test_a_dose_has_its_shares(kind):
    mean = structure(Dose(skew=0.3, negative=0.2, kind=kind, nodes=300, rank=8))
    skew, symmetric = (mean - mean.T) / 2, (mean + mean.T) / 2
    assert (skew**2).sum() / (mean**2).sum() == pytest.approx(0.3, abs=0.01)
    values = np.linalg.eigvalsh(symmetric)
    negative = (values[values < 0] ** 2).sum() / (values**2).sum()
    assert negative == pytest.approx(0.2, abs=0.03)
    left, right = np.linalg.svd(mean)[::2]
    overlap = np.linalg.norm(left[:, :8].T @ right[:8].T) ** 2 / 8
    assert (overlap > 0.7) == (kind == "normal")


def test_counts_are_drawn_around_a_dose():
    dose = Dose(skew=0.2, nodes=200, rank=8, noise=0.5)
    counts = drawn_counts(dose).whole.toarray()
    mean = 32 * (1 + structure(dose))
    np.fill_diagonal(mean, 0)
    assert counts.sum() == pytest.approx(mean.sum(), rel=0.01)
    error = (counts - mean)[~np.eye(200, dtype=bool)]
    assert (error**2).mean() == pytest.approx(mean.sum() / (200 * 199), rel=0.03)
    again = drawn_counts(dose).whole.toarray()
    np.testing.assert_array_equal(counts, again)


def test_blocks_point_along():
    graph = drawn_blocks(Blocks(groups=4, nodes=400, along=0.9))
    group = np.arange(400) * 4 // 400
    step = (group[graph.targets] - group[graph.sources]) % 4
    assert set(step.tolist()) == {0, 1, 3}
    assert (step == 1).sum() / ((step == 1) | (step == 3)).sum() == pytest.approx(
        0.9, abs=0.03
    )
    flow = drawn_blocks(Blocks(kind="flow", groups=4, nodes=400))
    ends = {(int(a), int(b)) for a, b in zip(group[flow.sources], group[flow.targets], strict=True)}  # fmt: skip
    assert (3, 0) not in ends and (0, 3) not in ends and (1, 0) in ends
    signed = drawn_blocks(Blocks(groups=2, nodes=400, signed=0.1))
    alike = (np.arange(400) * 2 // 400)[signed.sources] == (np.arange(400) * 2 // 400)[
        signed.targets
    ]
    assert ((signed.sign > 0) == alike).mean() == pytest.approx(0.9, abs=0.03)


# ---- the likelihood of hidden counts ------------------------------------------------


def slow_gain(scores, hidden, train, per_pair, power):
    """As its formula, pair by pair."""
    n = len(hidden)
    columns = train.sum(0)
    noise = np.array([c**power if c else 0.0 for c in columns])
    noise /= noise.sum()
    known = [(u, v) for u in range(n) for v in range(n) if u != v and train[u].any() and columns[v]]  # fmt: skip
    events = sum(hidden[u, v] for u, v in known)
    total = 0.0
    for u, v in known:
        alone = np.log((columns[v] + 1) / (columns.sum() + n) / (per_pair * noise[v]))
        rows = sum(hidden[a, b] for a, b in known if a == u)
        for s, sign in ((scores[u, v], 1), (alone, -1)):
            total += sign * hidden[u, v] * np.log(1 / (1 + np.exp(-s)))
            total += sign * per_pair * rows * noise[v] * np.log(1 / (1 + np.exp(s)))
    return total / events


@pytest.mark.parametrize("power", [1.0, 0.75])
def test_gain_is_its_formula(power):
    draw = np.random.default_rng(0)
    train, hidden = draw.poisson(0.6, (2, 12, 12))
    train[3], train[:, 5] = 0, 0
    np.fill_diagonal(train, 0)
    scores = draw.normal(size=(12, 12))
    told = gain(
        lambda u, v: scores[u, v], csr_array(hidden), csr_array(train), 5, power
    )
    assert told == pytest.approx(slow_gain(scores, hidden, train, 5, power), rel=1e-9)


def test_noise_of_the_likelihood_is_the_trainers():
    counts = np.random.default_rng(1).poisson(2.0, (30, 30))
    np.fill_diagonal(counts, 0)
    task = CountTask(of_matrix(csr_array(counts.astype(float)), True, 0), 0)
    recipe = overridden(load_recipe("line2"), {"noise.power": 0.75})
    feed, _ = feed_of(task.train, recipe, 0)
    own = task._counts.sum(0) ** 0.75
    drawn = feed.plan.right_degree**0.75
    np.testing.assert_allclose(drawn / drawn.sum(), own / own.sum(), rtol=1e-6)


def test_popularity_alone_gains_nothing_and_structure_does():
    material = drawn_counts(Dose(skew=0.3, nodes=100, rank=4, noise=0.1))
    task = make_task(material, "counts", 0)
    gains = {}
    for scheme in ("source_target", "single"):
        choices = {**EDGES, "name": "x"}
        recipe = overridden(
            load_recipe("line2"),
            {
                **{
                    f"{a}.{b}": v
                    for a, g in choices.items()
                    if a != "name"
                    for b, v in g.items()
                    if b != "kind"
                },
                "roles.scheme": scheme,
                "roles.dim": None,
                "roles.width": 16,
            },
        )
        model = ne.embed(task.train, recipe, threads=1)
        found = task.measure(Model(model.score_rows, model, recipe), ["gain"], 0)
        gains[scheme] = found.test["gain"]
        assert found.validation["gain"] == pytest.approx(found.test["gain"], abs=10)
    assert gains["source_target"] > gains["single"] + 3 > 3
    columns = task._counts.sum(0)
    alone = np.log(
        (columns + 1) / (columns.sum() + 100) / (5 * columns / columns.sum())
    )
    told = task.measure(Model(lambda u, v: alone[v], None, recipe), ["gain"], 0)
    assert told.test["gain"] == pytest.approx(0, abs=1e-9)
    other = overridden(recipe, {"noise.uniform": 0.5})
    refused = task.measure(Model(lambda u, v: alone[v], None, other), ["gain"], 0)
    assert not refused.test and "noise" in refused.unasked["gain"]


def test_counts_deal_out_all_events_once():
    material = drawn_counts(Dose(skew=0.1, nodes=50, rank=2))
    one, same, other = (CountTask(material, seed) for seed in (0, 0, 1))
    parts = one._counts, one._validation, one._test
    assert abs(sum(parts) - material.whole).sum() == 0
    shares = [part.sum() / material.whole.sum() for part in parts]
    np.testing.assert_allclose(shares, [4 / 8, 1 / 8, 3 / 8], atol=0.01)
    assert one.hash == same.hash != other.hash and one.graph_hash == other.graph_hash
    with pytest.raises(WrongUse, match="came once"):
        make_task(graph_of(), "counts", 0)
    with pytest.raises(WrongUse, match="counts"):
        make_task(material, "half", 0)


# ---- signs and texts ----------------------------------------------------------------


def test_signs_beyond_degrees():
    task = make_task(drawn_blocks(Blocks(groups=2, nodes=150, inside=0.1, between=0.1, signed=0.05)), "signs", 0)  # fmt: skip
    assert isinstance(task, SignTask)
    recipe = overridden(
        load_recipe("line2"),
        {
            "roles.scheme": "single_signed",
            "roles.dim": 8,
            "training.epochs": 200,
            "noise.side": "both",
        },
    )
    model = ne.embed(task.train, recipe, threads=1)
    columns = ["sign_auc", "sign_gain", "sign_f1", "three_class_gain"]
    found = task.measure(Model(model.score_rows, model, recipe), columns, 0)
    assert found.test["sign_auc"] > 0.7 and found.test["sign_gain"] > 0.2
    none = task.measure(Model(model.score_rows), columns, 0)
    assert not none.test and set(none.unasked) == set(columns)


def test_a_text_and_its_twin(tmp_path):
    draw = np.random.default_rng(0)
    lines = []
    for _ in range(3000):
        words = draw.integers(0, 12, 4)
        lines.append(" ".join(f"w{w:02d} x{w:02d}" for w in words))
    path = tmp_path / "text.txt"
    path.write_text("\n".join(lines))
    text, twin = (
        Dataset(text={"corpus": str(path), "words": 24, "window": 1, "shuffled": s}, name="t")
        for s in (False, True)
    )  # fmt: skip
    as_written, shuffled = text.read().whole, twin.read().whole
    assert as_written.sum() == 3000 * 7
    skew = [abs(m - m.T).sum() / m.sum() for m in (as_written, shuffled)]
    assert skew[0] > 0.8 and skew[1] < 0.3
    both = Text(corpus=str(path), words=24, window=1, sides="both").read().whole
    assert abs(both - both.T).sum() == 0


def test_relations_of_words_can_be_asked_of_a_text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("a b c\nc b a\na b b\n" * 5)
    text = Dataset(text={"corpus": str(path), "words": 10, "window": 1}, name="t")
    found = make_task(text.read(), "whole", 0).train
    assert {(found.ids[u], found.ids[v], w) for u, v, w in naive.arcs(found)} == {
        ("a", "b", 10.0),
        ("b", "c", 5.0),
        ("c", "b", 5.0),
        ("b", "a", 5.0),
    }
    with pytest.raises(WrongUse, match="no words"):
        make_task(drawn_counts(Dose(skew=0.1, nodes=50, rank=2)), "whole", 0)


def test_a_tree_can_spare_links_where_no_tree_is_kept():
    tree = Graph.from_edges(np.arange(199) // 2, np.arange(199) + 1, num_nodes=200)
    with pytest.raises(DataRefused, match="spare"):
        make_task(tree, "dirlinkbench", 0)
    split = make_task(tree, "no_tree", 0).split
    assert len(split.test) == 30 and len(split.validation) == 10


def test_a_text_is_read_once_for_all_that_is_counted_in_it(tmp_path, monkeypatch):
    path = tmp_path / "text.txt"
    path.write_text("a b c d e f g h i j k l\n" * 50)
    read, real = [], datasets_module.read_corpus

    def corpus(*args, **options):
        read.append(args)
        return real(*args, **options)

    monkeypatch.setattr(datasets_module, "read_corpus", corpus)
    texts = [
        {"text": {"corpus": str(path), "words": 12, "window": w}, "name": f"w{w}"}
        for w in (1, 2, 3)
    ]
    graphs = Graphs(dosed_study(datasets=texts, groups={}, contrasts=[], margins={}))
    found = {name: graphs.read(name).whole.sum() for name in ("w1", "w2", "w3")}
    assert len(read) == 1 and len(set(found.values())) == 3
    alone = Dataset(**texts[1]).read().whole
    assert abs(graphs.read("w2").whole - alone).sum() == 0


class Told(Embedding):
    """Scores each pair of words by what a set of pairs says of it."""

    def score_rows(self, sources, targets):
        asked = zip(sources.tolist(), targets.tolist(), strict=True)
        return np.array([self.manifest.get(pair, 0.0) for pair in asked])


@pytest.mark.parametrize("words", ["bless", "leds"])
def test_relations_are_asked_by_the_models_own_score(words):
    if not load_word_card(words).here:
        pytest.skip(f"the file of {words} is not here")
    pairs = read_word_set(words)
    first, second = ([word.lower() for word in end] for end in (pairs.first, pairs.second))  # fmt: skip
    graph = Graph.from_edges(first, second, duplicates="first")
    rows = zip(graph.ids.rows(first).tolist(), graph.ids.rows(second).tolist(), strict=True)  # fmt: skip
    right = dict(zip(rows, pairs.positive.astype(float).tolist(), strict=True))
    table = np.zeros((graph.num_nodes, 2), np.float32)
    columns = [f"{words}_ap", f"{words}_order"]
    for said, ap, order in (
        (right, 1, 1),
        ({pair[::-1]: one for pair, one in right.items()}, None, 0),
    ):
        model = Told(graph.ids, table, SCHEMES["single"], 2, "none", said)
        found = make_task(graph, "whole", 0).measure(
            Model(model.score_rows, model), columns, 0
        )
        assert found.test[f"{words}_order"] == pytest.approx(order, abs=0.02)
        if ap is not None:
            assert found.test[f"{words}_ap"] == pytest.approx(ap, abs=0.05)
            assert pairs.positive.mean() < 0.6


# ---- groups -------------------------------------------------------------------------


def dosed_study(**changes):
    base = {
        "name": "doses",
        "title": "Doses",
        "datasets": [
            {"dose": {"skew": a, "nodes": 60, "rank": 2, "noise": 0.05, "kind": "role"}, "name": f"dose {a}", "group": "counted"}
            for a in (0.0, 0.4)
        ] + [{"blocks": {"nodes": 80, "inside": 0.2, "between": 0.3}, "name": "blocks"}],
        "groups": {
            "counted": {
                "splits": ["counts"],
                "columns": ["gain"],
                "seeds": [0, 1, 2],
                "widths": [4],
                "arms": ["single", "source_target"],
                "pairs_per_node": 3000,
                "chosen_by": "gain",
                "recipe": {"noise": {"side": "target"}, "training": {"learning_rate": 0.3}},
            }
        },
        "splits": ["dirlinkbench"],
        "columns": ["auc"],
        "seeds": [0, 1],
        "width": 8,
        "pairs_per_node": 100,
        "recipe": {**EDGES, "noise": {"per_pair": 5, "power": 1.0, "side": "both"}},
        "arms": [
            {"name": "single", "recipe": {"roles": {"scheme": "single"}}},
            {"name": "source_target", "recipe": {"roles": {"scheme": "source_target"}}},
            {"baseline": "degree_sum"},
        ],
        "contrasts": [
            {"this": "source_target", "over": "single"},
            {"this": "source_target, any width", "over": "single, any width"},
        ],
        "margins": {"gain": "1 %", "auc": 0.005},
    }  # fmt: skip
    return parse(Study, {**base, **changes}, "study.yaml")


def test_a_study_of_groups_from_forecast_to_table(tmp_path):
    study = dosed_study()
    job = work.prepare(study, tmp_path / "out")
    told = work.forecast(job, 1)
    work.carry_out(job, told, 1)
    results = load_results(tmp_path / "out")
    assert not results.failed
    # two doses x 3 seeds x 2 arms x 2 widths, blocks x 2 seeds x 3 arms
    assert len(results.cells) == 24 + 6
    assert results.number("blocks", "dirlinkbench", "degree_sum", "auc")
    assert results.number("dose 0.4", "counts", "degree_sum", "gain") is None
    found = {(a.contrast, a.column, a.dataset): a for a in answers(results)}
    plain = found["source_target - single", "gain", "dose 0.4"]
    assert plain.found.mean > 0 and plain.found.verdict == "better"
    assert found["source_target - single", "gain", "dose 0.0"].found.mean < 0
    wide = found["source_target, any width - single, any width", "gain", "dose 0.4"]
    assert {wide.this, at_width("source_target", 8)} & {"source_target", at_width("source_target", 4)}  # fmt: skip
    assert chosen(results, "source_target, any width", "dose 0.4", "counts") in (
        "source_target",
        at_width("source_target", 4),
    )
    text = markdown(results)
    assert "## dose 0.4, counts" in text and "single, width 4" in text
    assert "group counted have seeds 0, 1, 2, 3" in text


def test_studies_that_ask_what_cannot_be_asked_are_refused():
    for changes, why in (
        ({"contrasts": [], "margins": {}, "groups": {"counted": {"columns": ["auc"], "splits": ["counts"]}}}, "cannot ask the column auc"),
        ({"contrasts": [], "margins": {}, "groups": {}}, "group"),
        ({"contrasts": [], "margins": {}, "groups": {"counted": {"arms": ["singel"], "splits": ["counts"], "columns": ["gain"]}}}, "singel"),
        ({"datasets": [{"dose": {"skew": 0.1}}]}, "needs a name"),
        ({"datasets": [{"dose": {"skew": 0.1}, "input": "cora_ml"}]}, "dose"),
        ({"datasets": [{"text": "brown", "null": "coin", "name": "x"}]}, "shuffled"),
        ({"margins": {"gain": "1"}}, "margins"),
    ):  # fmt: skip
        with pytest.raises(WrongUse, match=why):
            dosed_study(**changes)
