"""What every scheme owes: D floats shared out, one inner product for its sum of terms."""

from __future__ import annotations

import naive
import numpy as np
import pytest
import yaml

from nodeemb.errors import WrongUse
from nodeemb.rng import stream_key, units
from nodeemb.roles.layout import Layout, Map, lay_out
from nodeemb.roles.scheme import Channel, RoleScheme
from nodeemb.roles.schemes import SCHEMES, find_scheme, load_scheme
from nodeemb.training.tables import renew_images

NODES, WIDTH = 5, 16
BIASES = ("none", "tied", "free")
EXTRA = {"none": 0, "tied": 1, "free": 2}  # columns that biases take
SYMMETRIC = {
    "single",
    "signature",
    "symmetrised",
    "single_signed",
    "single_link_and_sign",
}
SHARED_OUT = {  # schemes with other shares, tested like the built-in ones
    "signature at a quarter minus": SCHEMES["signature"].with_shares({"minus": 0.25}),
    "signature without minus": SCHEMES["signature"].with_shares({"minus": 0.0}),
    "partial, all shared": SCHEMES["partial"].with_shares({"shared": 1.0}),
    "partial, none shared": SCHEMES["partial"].with_shares({"shared": 0.0}),
    "sign_skew, mostly a and b": SCHEMES["sign_skew"].with_shares({"a": 0.375}),
}
WITH_VECTORS = {name: one for name, one in SCHEMES.items() if one.roles}
ALL = {**WITH_VECTORS, **SHARED_OUT}
every_scheme = pytest.mark.parametrize("scheme", ALL.values(), ids=ALL)
every_bias = pytest.mark.parametrize("biases", BIASES)


def table_for(layout: Layout) -> np.ndarray:
    return (
        units(stream_key(0, "table"), 0, NODES * layout.columns).reshape(NODES, -1)
        - 0.5
    )


def vectors(table: np.ndarray, side: Map, length: int, shift: np.ndarray) -> np.ndarray:
    """(n, length): one side's vectors, as the docstring of Map says."""
    out = np.full((len(table), length), np.nan)
    for column, place, count, sign in zip(*side[:4], strict=True):
        out[:, place : place + count] = sign * table[:, column : column + count]
    out[:, side.ones] = 1
    if side.shift >= 0:
        out[:, side.shift] = shift
    return out


def scores(layout: Layout, channel: str, table: np.ndarray, shift=None) -> np.ndarray:
    """(n, n): the score of every pair by one inner product."""
    left, right = layout.channels[channel]
    length = layout.lengths[channel]
    return vectors(table, left, length, shift) @ vectors(table, right, length, shift).T


@every_scheme
@every_bias
def test_columns_are_shared_out_without_rest_or_overlap(scheme, biases):
    layout = lay_out(scheme, WIDTH, biases)
    assert sum(scheme.columns(WIDTH).values()) == WIDTH == layout.width
    ends = [0, *(stop for _, stop in layout.roles.values())]
    assert [start for start, _ in layout.roles.values()] == ends[:-1]
    assert ends[-1] == layout.columns
    extra = sum(EXTRA[c.biases or biases] for c in scheme.channels.values())
    counts = {image: scheme.columns(WIDTH)[r] for image, r in layout.images.items()}
    assert layout.columns == WIDTH + extra + sum(counts.values())
    names = list(layout.roles)
    assert names[: len(scheme.roles)] == list(scheme.roles)
    others = names[len(scheme.roles) :]
    assert others[len(others) - len(counts) :] == list(counts)
    assert all("bias" in name for name in others[: len(others) - len(counts)])


@every_scheme
@every_bias
@pytest.mark.parametrize("shifted", [False, True])
def test_one_inner_product_is_the_sum_of_the_terms(scheme, biases, shifted):
    layout = lay_out(scheme, WIDTH, biases, shifted=shifted)
    table = table_for(layout)
    shift = np.arange(NODES) / 7
    roles = {name: table[:, start:stop] for name, (start, stop) in layout.roles.items()}
    for channel in scheme.channels:
        found = scores(layout, channel, table, shift)
        for u in range(NODES):
            for v in range(NODES):
                exact = naive.score(scheme, channel, roles, u, v) + shifted * shift[v]
                assert found[u, v] == pytest.approx(exact, abs=1e-14)


@every_scheme
@every_bias
def test_symmetric_schemes_without_free_biases_and_no_others_are_symmetric(
    scheme, biases
):
    layout = lay_out(scheme, WIDTH, biases)
    table = table_for(layout)
    roles = {name: table[:, start:stop] for name, (start, stop) in layout.roles.items()}
    whole = scheme.roles.get("shared") == 1  # partial with all columns shared is single
    for channel, spec in scheme.channels.items():
        expected = scheme.name in SYMMETRIC or whole or channel == "close"
        expected = expected and (spec.biases or biases) != "free"
        there, back = (
            naive.score(scheme, channel, roles, *ends) for ends in ((0, 1), (1, 0))
        )
        assert (there == back) == expected
        found = scores(layout, channel, table)
        assert np.allclose(found, found.T, atol=1e-13) == expected


@every_scheme
def test_lengths_count_terms_and_constants(scheme):
    for biases in BIASES:
        layout = lay_out(scheme, WIDTH, biases)
        columns = scheme.columns(WIDTH)
        for name, channel in scheme.channels.items():
            extra = 0 if (channel.biases or biases) == "none" else 2
            assert layout.dims[name] == sum(
                columns[term.left] for term in channel.parsed()
            )
            assert layout.lengths[name] == layout.dims[name] + extra


def inertia(matrix: np.ndarray) -> tuple[int, int]:
    """How many eigenvalues are above and below 0."""
    values = np.linalg.eigvalsh((matrix + matrix.T) / 2)
    return int((values > 1e-9).sum()), int((values < -1e-9).sum())


@pytest.mark.parametrize("name", WITH_VECTORS)
def test_each_scheme_represents_what_its_title_says(name):
    layout = lay_out(SCHEMES[name], 8, "none")
    table = units(stream_key(1, "table"), 0, 30 * layout.columns).reshape(30, -1) - 0.5
    ranks, symmetric_part = {}, {}
    for channel in SCHEMES[name].channels:
        matrix = scores(layout, channel, table)
        ranks[channel] = int(np.linalg.matrix_rank(matrix, tol=1e-9))
        symmetric_part[channel] = inertia(matrix)
    expected = {
        "single": ({"link": 8}, {"link": (8, 0)}),
        "signature": ({"link": 8}, {"link": (4, 4)}),
        "sign_skew": ({"link": 8}, {"link": (2, 2)}),
        "source_target": ({"link": 4}, {"link": (4, 4)}),
        # images here are any vectors; those of a core are in the next test
        "learned_form": ({"link": 8}, {"link": (8, 8)}),
        "partial": ({"link": 6}, {"link": (6, 2)}),
        "symmetrised": ({"link": 8}, {"link": (4, 4)}),
        # with the biases of its own: tied adds (1, 1), psi(u) - psi(v) rank 2
        "close_direction": (
            {"close": 8, "direction": 4},
            {"close": (7, 1), "direction": (1, 1)},
        ),
        "four_signed": (
            {"positive": 2, "negative": 2},
            {"positive": (2, 2), "negative": (2, 2)},
        ),
        "double_cover": (
            {"++": 2, "--": 2, "+-": 2, "-+": 2},
            {"++": (2, 2), "--": (2, 2), "+-": (2, 2), "-+": (2, 2)},
        ),
        "single_signed": ({"sign": 8}, {"sign": (8, 0)}),
        "source_target_signed": ({"sign": 4}, {"sign": (4, 4)}),
        "single_link_and_sign": (
            {"link": 4, "sign": 4},
            {"link": (4, 0), "sign": (4, 0)},
        ),
        "link_and_sign": (
            {"link": 2, "sign": 2},
            {"link": (2, 2), "sign": (2, 2)},
        ),
        "four_side": ({"left": 2, "right": 2}, {"left": (2, 2), "right": (2, 2)}),
    }
    assert (ranks, symmetric_part) == expected[name]


HALF = WIDTH // 2
SIGNS = np.diag(np.repeat([1.0, -1.0], HALF))
EXCHANGE = np.kron([[0.0, 1.0], [0.0, 0.0]], np.eye(HALF))
TURN = np.kron([[0.0, 1.0], [-1.0, 0.0]], np.eye(HALF // 2))
BOTH = np.block([[SIGNS[::2, ::2], 0 * TURN], [0 * TURN, TURN]])
HELD = {
    "single": np.eye(WIDTH),
    "signature": SIGNS,
    "source_target": EXCHANGE,
    "sign_skew": BOTH,
}


@pytest.mark.parametrize("biases", BIASES)
@pytest.mark.parametrize("name", HELD)
def test_a_core_that_is_held_makes_the_forms_of_other_schemes(name, biases):
    """F = 1, diag(+-1), one half to the other, and diag(+-1) beside a turn by 90 degrees."""
    held, other = (lay_out(SCHEMES[n], WIDTH, biases) for n in ("learned_form", name))
    table = np.zeros((NODES + WIDTH, held.columns))
    table[:NODES] = table_for(held)
    table[NODES:, :WIDTH] = HELD[name]
    renew_images(table, held)
    own = table[:NODES, : other.columns]  # the same vectors and biases
    found = scores(held, "link", table[:NODES])
    assert found == pytest.approx(scores(other, "link", own), abs=1e-14)
    assert held.core_rows == WIDTH and held.core_numbers == WIDTH**2


def test_every_role_may_have_a_core():
    """Cores of unequal roles lie side by side, and each image is of its own."""
    channels = {
        "x": Channel(terms="a.a - a.F.b"),
        "y": Channel(terms="c.F.c + b.F.b"),
    }
    scheme = RoleScheme(
        name="own", roles={"a": 2.0, "b": 2.0, "c": 1.0}, channels=channels
    )
    layout = lay_out(scheme, 10, "none")
    assert layout.images == {"F.b": "b", "F.c": "c"}
    assert (layout.core_rows, layout.core_numbers) == (4, 16 + 4)
    table = units(stream_key(2, "table"), 0, 9 * layout.columns).reshape(9, -1)
    renew_images(table, layout)
    roles = {name: table[:, a:b] for name, (a, b) in layout.roles.items()}
    a, b, c = (roles[name][:NODES] for name in "abc")
    of_b, of_c = roles["b"][NODES:], roles["c"][NODES:7]
    wanted = {"x": a @ a.T - a @ of_b @ b.T, "y": c @ of_c @ c.T + b @ of_b @ b.T}
    for channel, matrix in wanted.items():
        found = scores(layout, channel, table[:NODES])
        assert found == pytest.approx(matrix, abs=1e-13)


def test_symmetrised_is_signature_at_half_minus():
    """plus = (source + target) / sqrt 2, minus = (source - target) / sqrt 2."""
    two, signed = (
        lay_out(SCHEMES[name], WIDTH, "free") for name in ("symmetrised", "signature")
    )
    table = table_for(two)
    half = WIDTH // 2
    source, target, biases = table[:, :half], table[:, half:WIDTH], table[:, WIDTH:]
    turned = np.hstack(
        [(source + target) / np.sqrt(2), (source - target) / np.sqrt(2), biases]
    )
    assert scores(signed, "link", turned) == pytest.approx(
        scores(two, "link", table), abs=1e-14
    )


@every_scheme
def test_any_width_is_shared_out_or_refused_by_name(scheme):
    for width in range(1, 41):
        try:
            columns = scheme.columns(width)
        except WrongUse as error:
            assert f"width {width}" in str(error) and scheme.name in str(error)
            continue
        assert sum(columns.values()) == width
        assert min(columns.values()) >= 0
        for roles in scheme.column_classes():
            assert len({columns[role] for role in roles}) == 1


@every_scheme
def test_width_for_a_dim_gives_that_dim(scheme):
    first = next(iter(scheme.channels.values())).parsed()
    lengths = {}
    for width in range(1, 200):
        try:
            columns = scheme.columns(width)
        except WrongUse:
            continue
        lengths.setdefault(sum(columns[term.left] for term in first), width)
    for dim in range(1, 25):
        if dim in lengths:
            width = scheme.width_for(dim)
            columns = scheme.columns(width)
            assert sum(columns[term.left] for term in first) == dim
        else:
            with pytest.raises(WrongUse, match=f"dim {dim}"):
                scheme.width_for(dim)


@pytest.mark.parametrize(
    ("name", "dim", "width"),
    [
        ("single", 128, 128),
        ("signature", 128, 128),
        ("learned_form", 128, 128),
        ("source_target", 128, 256),
        ("symmetrised", 128, 128),
        ("four_signed", 32, 128),
        ("four_side", 32, 128),
        ("four_side", 3, 12),
        ("link_and_sign", 5, 20),
        ("partial", 96, 128),
        ("close_direction", 96, 128),
    ],
)
def test_dims_that_users_ask_for(name, dim, width):
    assert SCHEMES[name].width_for(dim) == width


@every_scheme
def test_a_scheme_survives_yaml(scheme, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        yaml.safe_dump(scheme.model_dump(), sort_keys=False), encoding="utf-8"
    )
    assert load_scheme(path) == scheme
    assert find_scheme(str(path)) == scheme
    assert list(load_scheme(path).roles) == list(scheme.roles)


@pytest.mark.parametrize("name", WITH_VECTORS)
def test_built_in_schemes_go_by_their_names_and_are_frozen(name):
    scheme = find_scheme(name)
    assert isinstance(scheme, RoleScheme)
    assert scheme.name == name and scheme.title
    with pytest.raises(ValueError, match="frozen"):
        scheme.name = "other"
