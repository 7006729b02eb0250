"""An embedding: vectors by id and role, scores in both directions, the nearest nodes."""

from __future__ import annotations

import math
import tracemalloc

import naive
import numpy as np
import pytest

from nodeemb.embedding import scoring, search
from nodeemb.embedding.embedding import Embedding
from nodeemb.errors import UnknownId, WrongUse
from nodeemb.graph.ids import Ids
from nodeemb.rng import integers, stream_key, units
from nodeemb.roles.layout import lay_out
from nodeemb.roles.scheme import Channel, RoleScheme
from nodeemb.roles.schemes import SCHEMES

NODES, WIDTH = 13, 16
BIASES = ("none", "tied", "free")
BOTH = RoleScheme(
    name="close_and_directed",
    roles={"node": 2.0, "a": 1.0, "b": 1.0},
    channels={
        "close": Channel(terms="node.node", tilt=0.25),
        "way": Channel(terms="a.b - b.a", coefficient=-0.5),
    },
    join="probability",
    views={"way": ["a", "b"]},
)
WEIGHED = BOTH.model_copy(update={"join": "sum", "name": "weighed"})
ALL = {**SCHEMES, BOTH.name: BOTH, WEIGHED.name: WEIGHED}
SYMMETRIC = ("single", "signature", "symmetrised")
every_scheme = pytest.mark.parametrize("scheme", ALL)
every_bias = pytest.mark.parametrize("biases", BIASES)


def made(scheme="source_target", biases="none", *, nodes=NODES, dtype="float64"):
    """An embedding of random numbers, ids "a", "b", ... or numbers where letters run out."""
    scheme = ALL[scheme]
    columns = lay_out(scheme, WIDTH, biases).columns
    table = units(stream_key(0, "table"), 0, nodes * columns).reshape(nodes, -1) - 0.5
    ids = Ids([chr(97 + i) for i in range(nodes)] if nodes < 27 else nodes)
    return Embedding(ids, table.astype(dtype), scheme, WIDTH, biases)


def by_hand(embedding: Embedding, u: int, v: int, channel: str | None = None) -> float:
    """The score of a pair of rows, term by term."""
    scheme = embedding.scheme
    roles = {
        name: embedding.table[:, a:b] for name, (a, b) in embedding.layout.roles.items()
    }
    if channel is not None:
        return naive.score(scheme, channel, roles, u, v)
    parts = {name: naive.score(scheme, name, roles, u, v) for name in scheme.channels}
    if scheme.join == "probability":
        return sum(
            math.log(1 / (1 + math.exp(-x))) + scheme.channels[name].tilt * x
            for name, x in parts.items()
        )
    return sum(scheme.channels[name].coefficient * x for name, x in parts.items())


# ---- vectors ----------------------------------------------------------------------------


def test_vectors_by_role_in_the_order_of_the_ids():
    embedding = made("partial", "free")
    shared, source, target = np.split(embedding.table[:, :WIDTH], [8, 12], axis=1)
    roles = {
        "shared": shared,
        "source": source,
        "target": target,
        "as_source": np.hstack([shared, source]),
        "as_target": np.hstack([shared, target]),
        "concat": np.hstack([shared, source, target]),
        "in": np.hstack([shared, source]),
        "out": np.hstack([shared, target]),
        "sum": np.hstack([2 * shared, source + target]),
        "source_bias": embedding.table[:, WIDTH : WIDTH + 1],
        "target_bias": embedding.table[:, WIDTH + 1 :],
    }
    assert set(embedding.roles) == set(roles)
    for role, vectors in roles.items():
        assert np.array_equal(embedding.vectors(role), vectors)
        assert np.array_equal(embedding.vector("c", role), vectors[2])
    assert np.array_equal(embedding.vectors(), roles["concat"])
    assert np.array_equal(embedding["c"], roles["concat"][2])


def test_in_out_and_sum_by_hand():
    embedding = made("source_target", "free")
    source, target = embedding.vectors("source"), embedding.vectors("target")
    assert np.array_equal(embedding.vectors("in"), source)
    assert np.array_equal(embedding.vectors("out"), target)
    assert np.array_equal(embedding.vectors("sum"), source + target)
    one = made("single", "tied")
    node = one.vectors("node")
    for role, expected in (("in", node), ("out", node), ("sum", 2 * node)):
        assert np.array_equal(one.vectors(role), expected)
    plus, minus, a, b = np.split(made("sign_skew").table, 4, axis=1)
    skew = made("sign_skew")
    assert np.array_equal(skew.vectors("in"), np.hstack([plus, minus, a, b]))
    assert np.array_equal(skew.vectors("out"), np.hstack([plus, -minus, b, -a]))


@pytest.mark.parametrize(
    "scheme", [s for s in ALL if ALL[s].join == "sum" and ALL[s].roles]
)
def test_the_score_is_in_times_out(scheme):
    """Channel by channel; their coefficients join them."""
    embedding = made(scheme)
    ends = np.cumsum(list(embedding.layout.dims.values()))[:-1]
    sides = [np.split(embedding.vectors(r), ends, axis=1) for r in ("in", "out")]
    channels = zip(*sides, ALL[scheme].channels.values(), strict=True)
    expected = sum(c.coefficient * x @ y.T for x, y, c in channels)
    u, v = np.indices((NODES, NODES)).reshape(2, -1)
    got = embedding.score_rows(u, v)
    assert np.allclose(got, expected.ravel(), atol=1e-12)


@every_scheme
@every_bias
def test_every_name_it_lists_it_gives(scheme, biases):
    embedding = made(scheme, biases)
    for role in embedding.roles:
        vectors = embedding.vectors(role)
        assert vectors.shape[0] == NODES and vectors.ndim == 2
    if embedding.layout.width:
        assert embedding.vectors("concat").shape == (NODES, WIDTH)
    else:
        with pytest.raises(WrongUse, match="no role in this embedding"):
            embedding.vectors()
    assert len(set(embedding.roles)) == len(embedding.roles)


def test_another_role_is_refused_with_the_closest():
    with pytest.raises(WrongUse, match="Did you mean target"):
        made().vectors("targets")
    with pytest.raises(WrongUse, match="no role in this embedding"):
        made("single").vectors("source")


def test_it_knows_its_ids():
    embedding = made()
    assert len(embedding) == NODES and list(embedding.ids)[:2] == ["a", "b"]
    assert "a" in embedding and "A" not in embedding and 0 not in embedding
    with pytest.raises(UnknownId, match="'A' is not the id"):
        embedding["A"]


def test_dim_is_the_length_of_an_inner_product():
    assert made("single").dim == 16
    assert made("source_target").dim == 8
    assert made("partial").dim == 12
    assert made("four_signed").dim == 4


def test_it_says_what_it_is():
    text = repr(made("partial", "tied"))
    for word in ("13 nodes", "partial", "shared source target", "dim 12", "width 16"):
        assert word in text
    assert "biases tied" in text


def test_its_graph_is_known_by_its_hash():
    embedding = made()
    assert embedding.graph_hash is None
    manifest = {"graph": {"digest": "abc"}}
    known = Embedding(
        embedding.ids, embedding.table, embedding.scheme, WIDTH, "none", manifest
    )
    assert known.graph_hash == "abc"


# ---- scores -----------------------------------------------------------------------------


@every_scheme
@every_bias
def test_scores_are_the_terms_added_up(scheme, biases):
    embedding = made(scheme, biases)
    pairs = [(u, v) for u in range(5) for v in range(5)]
    named = [(embedding.ids[u], embedding.ids[v]) for u, v in pairs]
    by_terms = [by_hand(embedding, u, v) for u, v in pairs]
    assert embedding.score(named) == pytest.approx(by_terms, abs=1e-12)
    assert embedding.score_rows(*np.array(pairs).T) == pytest.approx(
        by_terms, abs=1e-12
    )
    for channel in embedding.scheme.channels:
        one = [by_hand(embedding, u, v, channel) for u, v in pairs]
        assert embedding.score(named, channel=channel) == pytest.approx(one, abs=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("biases", BIASES)
@pytest.mark.parametrize("scheme", SYMMETRIC)
def test_symmetric_schemes_score_both_directions_exactly_alike(scheme, biases, dtype):
    embedding = made(scheme, biases, nodes=200, dtype=dtype)
    u, v = integers(stream_key(0, "pairs"), 0, 4000, 200).reshape(2, -1)
    there, back = embedding.score_rows(u, v), embedding.score_rows(v, u)
    assert there.dtype == dtype
    assert np.array_equal(there, back) == (biases != "free")
    for node in (0, 77, 199):
        ahead = embedding.most_similar(node, "target", 50)
        assert (ahead == embedding.most_similar(node, "source", 50)) == (
            biases != "free"
        )


def test_a_mirrored_channel_beside_another_is_exactly_alike():
    embedding = made("weighed", nodes=200)
    u, v = integers(stream_key(0, "pairs"), 0, 2000, 200).reshape(2, -1)
    there, back = (
        scoring.channel_scores(embedding.table, embedding.layout, "close", *ends)
        for ends in ((u, v), (v, u))
    )
    assert np.array_equal(there, back)
    assert embedding.layout.symmetric == {"close"}


def test_direction_matters():
    embedding = made()
    there, back = embedding.score([("a", "b"), ("b", "a")])
    assert there != back
    source, target = embedding.vector("a", "source"), embedding.vector("b", "target")
    assert there == pytest.approx(source @ target)


def test_scores_come_in_blocks(monkeypatch):
    embedding = made("partial", "free")
    u, v = integers(stream_key(0, "pairs"), 0, 200, NODES).reshape(2, -1)
    whole = embedding.score_rows(u, v)
    monkeypatch.setattr(scoring, "_BLOCK", 7)
    assert np.array_equal(embedding.score_rows(u, v), whole)


def test_no_pairs_have_no_scores():
    for name in ("source_target", "four_signed", BOTH.name):
        assert made(name).score([]).shape == (0,)


def test_pairs_of_any_shape_are_taken():
    embedding = made()
    scores = embedding.score([("a", "b"), ("c", "d")])
    assert np.array_equal(embedding.score(np.array([["a", "b"], ["c", "d"]])), scores)
    assert np.array_equal(embedding.score(iter([["a", "b"], ["c", "d"]])), scores)


@pytest.mark.parametrize("pairs", [["ab"], [("a",)], [("a", "b", "c")], [3]])
def test_what_is_no_pair_is_refused(pairs):
    with pytest.raises(WrongUse, match="is no pair"):
        made().score(pairs)


def test_unknown_ids_and_channels_are_told():
    with pytest.raises(UnknownId, match="'x' is not the id"):
        made().score([("a", "b"), ("a", "x")])
    with pytest.raises(WrongUse, match="Did you mean link"):
        made().score([("a", "b")], channel="links")


# ---- the nearest ------------------------------------------------------------------------


def brute_force(embedding: Embedding, row: int, role: str) -> list[tuple[str, float]]:
    """All other nodes by falling score, ties by row."""
    others = [v for v in range(len(embedding)) if v != row]
    ends = [(row, v) if role == "target" else (v, row) for v in others]
    scores = embedding.score_rows(*np.array(ends).T)
    ranked = sorted(zip(-scores, others, strict=True))
    return [(embedding.ids[v], float(-s)) for s, v in ranked]


@every_scheme
@every_bias
@pytest.mark.parametrize("block", [5, 65_536])
def test_most_similar_is_what_sorting_all_scores_gives(
    scheme, biases, block, monkeypatch
):
    monkeypatch.setattr(scoring, "_BLOCK", block)
    embedding = made(scheme, biases, dtype="float32")
    for role in ("target", "source"):
        for row in (0, 6, NODES - 1):
            ranked = brute_force(embedding, row, role)
            for count in (1, 4, NODES - 1, 99):
                found = embedding.most_similar(embedding.ids[row], role, count)
                assert found == ranked[:count]


@pytest.mark.parametrize("nodes", [2, 8, 17, 31, 66])
@pytest.mark.parametrize("block", [6, 65_536])
def test_equal_vectors_have_equal_scores_and_come_by_row(nodes, block, monkeypatch):
    """A matrix product may round the last few rows in another way than the rest."""
    monkeypatch.setattr(scoring, "_BLOCK", block)
    embedding = made("single", nodes=nodes, dtype="float32")
    embedding.table[:] = embedding.table[0]
    node = embedding.ids[1]
    found = embedding.most_similar(node, topn=nodes)
    assert [i for i, _ in found] == [i for i in embedding.ids if i != node]
    assert len({score for _, score in found}) == 1
    few = embedding.most_similar(node, topn=3)
    assert few == found[:3]


@every_scheme
@pytest.mark.parametrize(("questions", "block"), [(1, 5), (4, 6), (256, 65_536)])
def test_many_questions_at_once_have_the_answers_of_each(
    scheme, questions, block, monkeypatch
):
    monkeypatch.setattr(scoring, "_BLOCK", block)
    monkeypatch.setattr(search, "_QUESTIONS", questions)
    embedding = made(scheme, "free", dtype="float32")
    asked = ["m", "a", "c", "a", "b", "l", "f"]
    for role in ("target", "source"):
        found = embedding.most_similar_each(asked, role, 4)
        ranked = [brute_force(embedding, embedding.ids.row(n), role) for n in asked]
        assert found == [answers[:4] for answers in ranked]
    assert embedding.most_similar_each([]) == []
    with pytest.raises(UnknownId):
        embedding.most_similar_each(["a", "x"])


def test_search_takes_a_block_of_memory(monkeypatch):
    monkeypatch.setattr(scoring, "_NUMBERS", 2**14)
    embedding = made("partial", "free", nodes=40_000, dtype="float32")
    embedding.most_similar_each([0])
    tracemalloc.start()
    found = embedding.most_similar_each(range(20))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) == 20
    assert peak < embedding.table.nbytes / 4


def test_wide_vectors_come_in_fewer_rows():
    assert scoring.rows_at_once(8) == 65_536
    assert scoring.rows_at_once(2**12) == 1024
    assert scoring.rows_at_once(2**40) == 1


def test_the_node_itself_is_no_answer_even_where_it_is_best():
    embedding = made("single")
    embedding.table[4] *= 100
    assert "e" not in [node for node, _ in embedding.most_similar("e", topn=99)]
    assert embedding.most_similar("a", topn=1)[0][0] == "e" or (
        embedding.score([("a", "e")])[0] < 0
    )


def test_a_node_alone_has_no_one_beside_it():
    assert made("single", nodes=1).most_similar("a") == []


def test_plain_numbers_and_own_ids_come_back():
    ((node, score),) = made("single", nodes=40).most_similar(7, topn=1)
    assert type(node) is int and type(score) is float


def test_wrong_questions_are_told():
    with pytest.raises(WrongUse, match="topn is 0"):
        made().most_similar("a", topn=0)
    with pytest.raises(WrongUse, match="Did you mean target"):
        made().most_similar("a", "targets")
    with pytest.raises(UnknownId):
        made().most_similar("x")
