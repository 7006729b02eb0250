"""Canonical vectors: the same scores, the same from every table of a solution, once and again."""

import numpy as np
import pytest

from nodeemb.embedding.embedding import Embedding
from nodeemb.errors import WrongUse
from nodeemb.graph.ids import Ids
from nodeemb.roles.scheme import RoleScheme
from nodeemb.roles.schemes import SCHEMES

NODES, WIDTH = 30, 16
REFUSED = {"double_cover"}
TAKEN = sorted(SCHEMES.keys() - REFUSED)
DRAW = np.random.default_rng


def model(scheme, dtype=np.float64, nodes=NODES, biases="free"):
    """A random table; biases are random too."""
    width = WIDTH if scheme.roles else 0
    empty = Embedding(Ids(nodes), np.zeros((nodes, 0)), scheme, width, biases)
    table = DRAW(7).normal(size=(nodes, empty.layout.columns)).astype(dtype)
    return Embedding(Ids(nodes), table, scheme, width, biases)


def scores(one):
    rows = np.repeat(np.arange(len(one)), len(one)), np.tile(np.arange(len(one)), len(one))  # fmt: skip
    return one.score_rows(*rows)


def turned(one, maps):
    """The table with some roles, side by side, times a map."""
    table = one.table.copy()
    for roles, change in maps:
        places = np.concatenate([np.arange(*one.layout.roles[role]) for role in roles])
        table[:, places] = table[:, places] @ change
    return Embedding(one.ids, table, one.scheme, one.width, one.biases)


def rotation(size, seed):
    return np.linalg.qr(DRAW(seed).normal(size=(size, size)))[0]


def keeping(form, seed):
    """A map G with G F G' = F for a form F: Cayley's of a random one of its algebra."""
    size = len(form)
    draw = DRAW(seed).normal(size=(size, size)) * 0.2
    # A F + F A' = 0 where A F is antisymmetric, or symmetric for an antisymmetric F
    symmetric = np.allclose(form, form.T)
    one = (draw - draw.T if symmetric else draw + draw.T) @ np.linalg.inv(form)
    return np.linalg.solve(np.eye(size) - one, np.eye(size) + one)


def form_of(one, channel, roles):
    """The matrix of a channel's terms among some roles."""
    sizes = {r: one.layout.roles[r][1] - one.layout.roles[r][0] for r in roles}
    at = dict(zip(roles, np.cumsum([0, *sizes.values()]), strict=False))
    form = np.zeros((sum(sizes.values()),) * 2)
    for term in one.scheme.channels[channel].parsed():
        if term.left in at:
            eye = term.sign * np.eye(sizes[term.left])
            rows = slice(at[term.left], at[term.left] + sizes[term.left])
            form[rows, at[term.right] : at[term.right] + sizes[term.right]] = eye
    return form


GAUGES = {  # channel -> the groups of roles that have a gauge together
    "single": {"link": [["node"]]},
    "signature": {"link": [["plus", "minus"]]},
    "sign_skew": {"link": [["plus", "minus"], ["a", "b"]]},
    "symmetrised": {"link": [["source", "target"]]},
    "partial": {"link": [["shared"]]},
    "close_direction": {"close": [["node"]], "direction": [["a", "b"]]},
    "single_signed": {"sign": [["node"]]},
    "single_link_and_sign": {"link": [["node"]], "sign": [["signed_node"]]},
}
PAIRS = {  # two tables, of which one may be turned as the other is turned back
    "source_target": [["source", "target"]],
    "partial": [["source", "target"]],
    "source_target_signed": [["source", "target"]],
    "learned_form": [["node", "F.node"]],
    "four_signed": [["giver+", "receiver+"], ["giver-", "receiver-"]],
    "link_and_sign": [["source", "target"], ["signed_source", "signed_target"]],
    "four_side": [["left_centre", "left_context"], ["right_centre", "right_context"]],
}


def other_gauge(one):
    maps = []
    for channel, groups in GAUGES.get(one.scheme.name, {}).items():
        for seed, roles in enumerate(groups):
            maps.append((roles, keeping(form_of(one, channel, roles), seed)))
    for seed, (first, second) in enumerate(PAIRS.get(one.scheme.name, [])):
        size = np.diff(one.layout.roles[first])[0]
        change = DRAW(seed).normal(size=(size, size)) + 2 * np.eye(size)
        maps += [([first], change), ([second], np.linalg.inv(change).T)]
    return turned(one, maps)


def form_scores(one, table, channel):
    """(n, n) of a channel's terms, without biases."""
    of = {role: table[:, slice(*place)] for role, place in one.layout.roles.items()}
    terms = one.scheme.channels[channel].parsed()
    return sum((t.sign * of[t.left] @ of[t.right].T for t in terms), np.zeros((len(one),) * 2))  # fmt: skip


def shifted(one):
    """The same scores from roles that are moved by a vector each, as far as biases allow."""
    table, draw = one.table.copy(), DRAW(3)
    for name, channel in one.scheme.channels.items():
        biases = one.layout.biases[name]
        if not biases:
            continue
        terms = channel.parsed()
        if one.biases == "tied":
            terms = [t for t in terms if t.mirrored() in terms]
        before = form_scores(one, table, name)
        for role in sorted({role for t in terms for role in (t.left, t.right)}):
            columns = slice(*one.layout.roles[role])
            table[:, columns] += draw.normal(size=table[:, columns].shape[1])
        lost = before - form_scores(one, table, name)
        left, right = (lost.mean(axis) - lost.mean() / 2 for axis in (1, 0))
        np.testing.assert_allclose(left[:, None] + right, lost, atol=1e-9)
        left_at, right_at = (one.layout.roles[bias][0] for bias in biases)
        table[:, left_at] += left
        if biases[0] == biases[1]:
            np.testing.assert_allclose(left, right, atol=1e-9)
        else:
            table[:, left_at] += 0.3
            table[:, right_at] += right - 0.3
    return Embedding(one.ids, table, one.scheme, one.width, one.biases)


def test_every_scheme_is_here():
    assert {*GAUGES, *PAIRS, "bias_only"} == set(TAKEN)


@pytest.mark.parametrize("biases", ["none", "tied", "free"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", TAKEN)
def test_scores_stay(name, dtype, biases):
    one = model(SCHEMES[name], dtype, biases=biases)
    made = one.canonical()
    before, after = scores(one), scores(made)
    rounding = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(after, before, atol=rounding * np.abs(before).max())
    assert made.table.dtype == dtype and made.manifest["canonical"] is True
    assert name == "bias_only" or np.abs(made.table - one.table).max() > 0.1


@pytest.mark.parametrize("biases", ["none", "tied", "free"])
@pytest.mark.parametrize("name", TAKEN)
def test_every_gauge_of_a_solution_has_the_same_vectors(name, biases):
    one = model(SCHEMES[name], biases=biases)
    other = shifted(other_gauge(one))
    np.testing.assert_allclose(scores(other), scores(one), atol=1e-7)
    for role in one.scheme.roles:
        assert np.abs(other.vectors(role) - one.vectors(role)).max() > 0.1
    made, again = one.canonical().table, other.canonical().table
    np.testing.assert_allclose(again, made, atol=1e-6)


def test_what_has_no_canonical_form_is_refused():
    scheme = RoleScheme(
        name="two", roles={"a": 1, "b": 1}, channels={"link": {"terms": "a.F.b"}}
    )
    with pytest.raises(WrongUse, match="no score tells b from its image"):
        model(scheme).canonical()
    one = model(SCHEMES["single"])
    one.table[3, 2] = np.nan
    with pytest.raises(WrongUse, match="not finite"):
        one.canonical()


@pytest.mark.parametrize("name", TAKEN)
def test_twice_is_once(name):
    once = model(SCHEMES[name]).canonical()
    np.testing.assert_allclose(once.canonical().table, once.table, atol=1e-10)


@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize("nodes", [1, 3])
def test_fewer_nodes_than_columns(name, nodes):
    one = model(SCHEMES[name], nodes=nodes)
    made = one.canonical()
    np.testing.assert_allclose(scores(made), scores(one), atol=1e-10)
    assert np.isfinite(made.table).all()


def test_columns_fall_in_size_and_begin_at_a_positive_end():
    made = model(SCHEMES["source_target"]).canonical()
    source, target = made.vectors("source"), made.vectors("target")
    sizes = np.linalg.norm(source, axis=0)
    np.testing.assert_allclose(np.linalg.norm(target, axis=0), sizes)
    assert (np.diff(sizes) <= 0).all()
    assert (source[np.abs(source).argmax(0), np.arange(source.shape[1])] > 0).all()
    inner = source.T @ source
    np.testing.assert_allclose(inner, np.diag(np.diag(inner)), atol=1e-9)


def test_a_plane_of_the_skew_part_lies_along_its_longest_vector():
    made = model(SCHEMES["sign_skew"]).canonical()
    a, b = made.vectors("a"), made.vectors("b")
    longest = np.hypot(a, b).argmax(0), np.arange(a.shape[1])
    assert (a[longest] > 0).all() and np.abs(b[longest]).max() < 1e-12
    np.testing.assert_allclose(np.linalg.norm(a, axis=0), np.linalg.norm(b, axis=0))


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_roles_that_meet_several_are_refused(name):
    with pytest.raises(WrongUse, match=r"giver\+ meets several others"):
        model(SCHEMES[name]).canonical()


def test_tables_of_zeros_stay():
    one = model(SCHEMES["sign_skew"])
    zero = Embedding(one.ids, np.zeros_like(one.table), one.scheme, one.width, one.biases)  # fmt: skip
    assert not zero.canonical().table.any()
