"""The three backends mean the same: one step from equal tables, everything varied."""

import itertools

import naive
import numpy as np
import pytest
import torch

from nodeemb.errors import WrongUse
from nodeemb.objectives.objectives import value
from nodeemb.rng import integers, stream_key, units
from nodeemb.roles.layout import lay_out
from nodeemb.roles.scheme import Channel, RoleScheme
from nodeemb.roles.schemes import SCHEMES
from nodeemb.sampling.sequences import Sequences
from nodeemb.training.backends.cpu import CpuBackend
from nodeemb.training.backends.reference import ReferenceBackend
from nodeemb.training.backends.torch import TorchBackend
from nodeemb.training.batch import Aligned, Band, Part, pack_sequences
from nodeemb.training.tables import Tables, new_tables, renew_images

NODES = 30
TOLERANCE = {"float64": 1e-10, "float32": 1e-4}


def whole(name, shape, bound=NODES):
    """Whole numbers below `bound` from a named stream, in a shape."""
    key = stream_key(0, name)
    return integers(key, 0, int(np.prod(shape)), bound).reshape(shape)


def decimal(name, shape):
    """Numbers in [0, 1) from a named stream, in a shape."""
    return units(stream_key(0, name), 0, int(np.prod(shape))).reshape(shape)


def band_part(channel, lengths, after, before, limit, label=1.0, noise=(7, 3)):
    """A part of sequences over few nodes, so that rows repeat within a block."""
    rows = whole(f"rows{channel}", (len(lengths), max(lengths))).astype(np.int32)
    drawn = Sequences(
        rows, np.array(lengths, np.int32), np.zeros(len(lengths), np.int8)
    )
    packed = pack_sequences(drawn, 50)
    blocks = len(packed[3]) - 1
    band = Band(*packed, np.array(after), np.array(before), limit, label)
    right = whole("right", (blocks, noise[0])).astype(np.int32)
    left = whole("left", (blocks, noise[1])).astype(np.int32)
    return Part(channel, band, right, left, 0.4)


def aligned_part(channel, noise=(7, 3)):
    """Aligned pairs with both labels, repeated rows, equal rows and an empty block."""
    pairs = Aligned(
        whole(f"l{channel}", 100).astype(np.int32),
        whole(f"r{channel}", 100).astype(np.int32),
        decimal("weight", 100).astype(np.float32),
        (decimal("label", 100) > 0.3).astype(np.float32),
        np.array([0, 30, 30, 60, 100]),
    )
    right = whole("right2", (4, noise[0])).astype(np.int32)
    left = whole("left2", (4, noise[1])).astype(np.int32)
    return Part(channel, pairs, right, left, 0.4)


def reversed_noise(part):
    """A part as noise that is read from right to left, some pairs of a band left out."""
    pairs = part.pairs
    if isinstance(pairs, Aligned):
        pairs = pairs._replace(label=np.zeros_like(pairs.label))
    else:
        places = [
            (i, i + d)
            for i in range(len(pairs.rows))
            for d in range(1, len(pairs.after) + 1)
            if i + d < pairs.stop[i] and i - pairs.start[i] < pairs.limit
            if (i + d) % 3 == 0
        ]
        pairs = pairs._replace(label=0.0, left_out=np.array(places).T.copy())
    nothing = np.empty((len(pairs.blocks) - 1, 0), np.int32)
    return Part(part.channel, pairs, nothing, nothing, 0.0, reversed=True)


WEIGHTS = [1.0, 0.5, 0.25]
NONE = [0.0, 0.0, 0.0]
BATCHES = {
    "long sequences": lambda c: [
        band_part(c, [9, 12, 30, 50, 3, 40], WEIGHTS, WEIGHTS, 99)
    ],
    "many short sequences": lambda c: [
        band_part(c, [2, 1, 3, 2, 2, 1, 1, 5, 2] * 6, [0.5, 0.2], [1.0, 0.1], 99)
    ],
    "one side, few centres": lambda c: [band_part(c, [9] * 12, WEIGHTS, NONE, 4)],
    "before only": lambda c: [band_part(c, [9] * 12, NONE, WEIGHTS, 99)],
    "label 0, no noise": lambda c: [
        band_part(c, [9] * 9, WEIGHTS, WEIGHTS, 99, 0.0, (0, 0))
    ],
    "pairs": lambda c: [aligned_part(c)],
    "pairs without noise": lambda c: [aligned_part(c, (0, 0))],
    "pairs and their reverse": lambda c: [
        aligned_part(c),
        reversed_noise(aligned_part(c)),
    ],
    "a band, its reverse, some left out": lambda c: [
        band_part(c, [9] * 12, WEIGHTS, NONE, 4),
        reversed_noise(band_part(c, [9, 30] * 6, WEIGHTS, NONE, 4)),
        reversed_noise(band_part(c, [9] * 12, WEIGHTS, WEIGHTS, 99)),
    ],
    "both forms": lambda c: [
        band_part(c, [9] * 5, WEIGHTS, NONE, 99),
        aligned_part(c, (5, 0)),
    ],
}


def start(scheme, biases, dtype, shifted=True, damped=False, width=16):
    layout = lay_out(scheme, width, biases, shifted=shifted)
    tables = new_tables(NODES, layout, 0, dtype, damped=damped)
    tables.table[:] = decimal("table", tables.table.shape) - 0.5
    renew_images(tables.table, layout)
    return layout, tables


def stepped(make, tables, layout, objective, optimizer, parts, steps=1):
    """The table after some steps, and the last loss."""
    own = Tables(tables.table.copy(), tables.squares.copy())
    shift = decimal("shift", NODES) - 0.5
    backend = make(own, layout, objective, optimizer, shift)
    for _ in range(steps):
        loss = backend.step(parts, 0.05, loss_every=1)
    return backend.tables.table, loss


def cpu(threads):
    return lambda *args: CpuBackend(*args, threads)


def assert_same(scheme, biases, objective, optimizer, dtype, batch, shifted=True):
    layout, tables = start(scheme, biases, dtype, shifted, optimizer == "damped")
    parts = [part for c in range(len(layout.channels)) for part in BATCHES[batch](c)]
    args = (tables, layout, objective, optimizer, parts)
    want, loss = stepped(ReferenceBackend, *args)
    moved = np.abs(want - tables.table).max()
    assert moved > 0
    for make in (TorchBackend,) if layout.images else (cpu(1), TorchBackend):
        got, own = stepped(make, *args)
        assert np.abs(got - want).max() <= TOLERANCE[dtype] * moved
        np.testing.assert_allclose(own.total, loss.total, rtol=1e-5)
        np.testing.assert_allclose(own.weight, loss.weight, rtol=1e-5)
        assert own.pairs == loss.pairs


@pytest.mark.parametrize("objective", ["logistic", "squared"])
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda s: s.name)
def test_one_step_is_the_same_in_float64(scheme, batch, objective):
    assert_same(scheme, "free", objective, "adagrad", "float64", batch)


@pytest.mark.parametrize("biases", ["none", "tied", "free"])
@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "damped"])
@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda s: s.name)
def test_one_step_is_the_same_in_float32(scheme, optimizer, biases):
    if biases == "none" and not scheme.roles:
        return  # nothing to train; recipes refuse it
    for objective, shifted in (
        ("logistic", False),
        ("logistic", True),
        ("squared", False),
    ):
        # without a shift the biases are the last places of the vectors
        assert_same(
            scheme, biases, objective, optimizer, "float32", "both forms", shifted
        )


TWO_CORES = RoleScheme(
    name="two cores",
    roles={"a": 2.0, "b": 2.0, "c": 1.0},
    channels={
        "x": Channel(terms="a.b - a.F.b + b.a"),
        "y": Channel(terms="c.F.c + b.F.b"),
    },
)


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "damped"])
@pytest.mark.parametrize("batch", BATCHES)
def test_several_cores_are_the_same_in_both_backends(batch, optimizer):
    assert_same(TWO_CORES, "free", "logistic", optimizer, "float64", batch)


def apart_part(channel):
    """Aligned pairs of a block whose rows are all different on either side."""
    rows = np.arange(NODES, dtype=np.int32)
    pairs = Aligned(
        rows,
        rows[::-1].copy(),
        decimal("weight", NODES).astype(np.float32),
        np.ones(NODES, np.float32),
        np.array([0, NODES]),
    )
    right = whole("right3", (1, 7)).astype(np.int32)
    left = whole("left3", (1, 3)).astype(np.int32)
    return Part(channel, pairs, right, left, 0.4)


def assert_same_halved(scheme, batch, threads, width):
    layout, tables = start(scheme, "none", "float32", shifted=False, width=width)
    make = {"distinct rows": lambda c: [apart_part(c)]}.get(batch) or BATCHES[batch]
    parts = [part for c in range(len(layout.channels)) for part in make(c)]
    args = (tables, layout, "logistic", "sgd", parts)

    def halved(make, *more):
        return lambda *given: make(*given, *more, halved=True)

    exact, _ = stepped(ReferenceBackend, *args)
    want, loss = stepped(halved(ReferenceBackend), *args)
    moved = np.abs(want - tables.table).max()
    rounding = np.abs(want - exact).max()
    if any(p.noise_right.size or isinstance(p.pairs, Band) for p in parts):
        assert rounding > 1e-4 * moved
    makes = [halved(TorchBackend, "cpu")]
    if not layout.images:
        makes.append(halved(CpuBackend, threads))
    for make in makes:
        got, own = stepped(make, *args)
        # a slope as near to two bfloat16 may be rounded to either; pairs of equal rows
        # have one slope in noise on the processor, which is rounded once
        bands = all(isinstance(p.pairs, Band) for p in parts)
        allowed = 0.2 if bands or batch == "distinct rows" else 2.5
        assert np.abs(got - want).max() <= max(1e-5 * moved, allowed * rounding)
        np.testing.assert_allclose(own.total, loss.total, rtol=1e-4)
        np.testing.assert_allclose(own.weight, loss.weight, rtol=1e-5)
        assert own.pairs == loss.pairs


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda s: s.name)
def test_one_step_is_the_same_with_products_of_bfloat16(scheme, batch, threads):
    if scheme.roles:  # without biases nothing is left of others
        assert_same_halved(scheme, batch, threads, 16)


# vectors of whole machine vectors are rounded on the way from the table, others after it
@pytest.mark.parametrize("batch", [*BATCHES, "distinct rows"])
@pytest.mark.parametrize("width", [14, 40, 64, 256])
@pytest.mark.parametrize("name", ["source_target", "single"])
def test_products_of_bfloat16_of_vectors_of_any_length(name, width, batch):
    assert_same_halved(SCHEMES[name], batch, 2, width)


def loss_by_hand(scheme, layout, objective, table, parts):
    """The loss of aligned parts, pair by pair, images made of the cores on the way."""
    roles = {name: table[:NODES, a:b] for name, (a, b) in layout.roles.items()}
    for image, role in layout.images.items():
        a, b = layout.roles[role]
        roles[image] = roles[role] @ table[NODES : NODES + b - a, a:b].T
    total = 0.0
    for part in parts:
        channel, pairs = list(scheme.channels)[part.channel], part.pairs

        def of(u, v, label, weight, turned=part.reversed, channel=channel):
            if u == v:
                return 0.0
            score = naive.score(scheme, channel, roles, *((v, u) if turned else (u, v)))
            return weight * float(value(objective, np.float64(score), label))

        for block, (first, last) in enumerate(itertools.pairwise(pairs.blocks)):
            for k in range(first, last):
                u, v, weight = pairs.left[k], pairs.right[k], float(pairs.weight[k])
                total += of(u, v, float(pairs.label[k]), weight)
                if pairs.label[k] > 0 and u != v:
                    noise = part.noise_weight * weight
                    for z in part.noise_right[block]:
                        total += of(u, z, 0.0, noise)
                    for z in part.noise_left[block]:
                        total += of(z, v, 0.0, noise)
    return total


@pytest.mark.parametrize("make", [ReferenceBackend, TorchBackend])
@pytest.mark.parametrize("biases", ["none", "tied", "free"])
@pytest.mark.parametrize("objective", ["logistic", "squared"])
@pytest.mark.parametrize(
    "scheme", [SCHEMES["learned_form"], TWO_CORES], ids=lambda s: s.name
)
def test_slopes_of_vectors_and_cores_are_numerical_differences(
    scheme, objective, biases, make
):
    layout = lay_out(scheme, 5, biases)
    tables = new_tables(NODES, layout, 0, "float64")
    tables.table[:] = decimal("table", tables.table.shape) - 0.5
    pairs = Aligned(*(x[:12] for x in aligned_part(0).pairs[:4]), np.array([0, 5, 12]))
    right, left = whole("right2", (2, 3)), whole("left2", (2, 2))
    parts = [
        part
        for c in range(len(layout.channels))
        for one in [Part(c, pairs, right.astype(np.int32), left.astype(np.int32), 0.4)]
        for part in (one, reversed_noise(one))
    ]
    backend = make(
        Tables(tables.table.copy(), tables.squares),
        layout,
        objective,
        "sgd",
        np.empty(0),
    )
    backend.step(parts, 1.0)
    learned = layout.columns - sum(
        b - a for name, (a, b) in layout.roles.items() if name in layout.images
    )
    found = (tables.table - backend.tables.table)[:, :learned]
    wanted = np.zeros_like(found)
    for place in np.ndindex(found.shape):
        ends = []
        for step in (1e-5, -1e-5):
            table = tables.table.copy()
            table[place] += step
            ends.append(loss_by_hand(scheme, layout, objective, table, parts))
        wanted[place] = (ends[0] - ends[1]) / 2e-5
    assert np.abs(wanted[NODES:]).max() > 0.01
    np.testing.assert_allclose(found, wanted, atol=1e-8, rtol=0)


def test_the_cpu_backend_refuses_a_core_and_says_which_can():
    layout, tables = start(SCHEMES["learned_form"], "free", "float32", shifted=False)
    with pytest.raises(
        WrongUse, match=r"core of F\.node\. The backends torch and reference"
    ):
        CpuBackend(tables, layout, "logistic", "adagrad", np.empty(0), 1)


@pytest.mark.parametrize("scheme", ["source_target", "learned_form"])
@pytest.mark.parametrize("make", [ReferenceBackend, TorchBackend])
def test_threads_of_torch_change_nothing(make, scheme):
    """On two threads torch adds the slopes of a row in the order it comes to them."""
    layout = lay_out(SCHEMES[scheme], 128, "free")
    ends = whole("ends", (2, 400)).astype(np.int32)
    ones = np.ones(400, np.float32)
    pairs = Aligned(*ends, ones, ones, np.array([0, 200, 400]))
    noise = whole("noise", (2, 64)).astype(np.int32)
    found = []
    before = torch.get_num_threads()
    for threads in (1, 2, 2):
        own = new_tables(NODES, layout, 0)  # numba sets torch's threads, the first time
        torch.set_num_threads(threads)
        try:
            backend = make(own, layout, "logistic", "adagrad", np.empty(0))
            for _ in range(2):
                backend.step([Part(0, pairs, noise, noise, 0.1)], 0.1)
            assert torch.get_num_threads() == threads
        finally:
            torch.set_num_threads(before)
        found.append(backend.tables.table.copy())
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("scheme", ["single", "sign_skew", "four_side"])
def test_threads_change_nothing(scheme, batch, monkeypatch):
    """Small batches too: here each is worth more threads."""
    monkeypatch.setattr("nodeemb.training.backends.cpu._A_THREAD", 1)
    layout, tables = start(SCHEMES[scheme], "free", "float32")
    parts = [part for c in range(len(layout.channels)) for part in BATCHES[batch](c)]
    args = (tables, layout, "logistic", "adagrad", parts, 3)
    one, first = stepped(cpu(1), *args)
    two, second = stepped(cpu(2), *args)
    np.testing.assert_array_equal(one, two)
    assert first == second


@pytest.mark.parametrize("scheme", ["source_target", "four_side", "close_direction"])
@pytest.mark.parametrize(
    "make",
    [cpu(1), cpu(2), cpu(5), TorchBackend, ReferenceBackend],
    ids=["cpu", "2 threads", "5 threads", "torch", "reference"],
)
def test_several_steps_are_one_after_another(make, scheme, monkeypatch):
    """All forms of batches, of different sizes, the loss of some."""
    monkeypatch.setattr("nodeemb.training.backends.cpu._A_THREAD", 1)
    monkeypatch.setattr("numba.config.NUMBA_NUM_THREADS", 5)
    monkeypatch.setattr("numba.set_num_threads", lambda _: None)
    layout, tables = start(SCHEMES[scheme], "free", "float32")
    channels = range(len(layout.channels))
    batches = [[p for c in channels for p in form(c)] for form in BATCHES.values()]
    rates = [0.01 * (k + 1) for k in range(len(batches))]
    loss_every = [k % 3 for k in range(len(batches))]
    ended, called = [], []
    for at_once in (1, len(batches)):
        own = Tables(tables.table.copy(), tables.squares.copy())
        backend = make(own, layout, "logistic", "adagrad", decimal("shift", NODES))
        columns = [
            [column[k : k + at_once] for k in range(0, len(batches), at_once)]
            for column in (batches, rates, loss_every)
        ]
        losses = [
            loss
            for given in zip(*columns, strict=True)
            for loss in (
                [backend.step(*(some[0] for some in given))]
                if at_once == 1
                else backend.steps(
                    backend.stacked(given[0]), *given[1:], lambda: called.append(1)
                )
            )
        ]
        ended.append((backend.tables.table.copy(), losses))
    np.testing.assert_array_equal(ended[0][0], ended[1][0])
    assert ended[0][1] == ended[1][1]
    assert called == [1]
    assert [loss.total > 0 for loss in losses] == [every > 0 for every in loss_every]


def test_extreme_scores_have_finite_slopes():
    layout, tables = start(SCHEMES["source_target"], "none", "float32")
    tables.table[:] *= 60
    parts = BATCHES["both forms"](0)
    want, _ = stepped(ReferenceBackend, tables, layout, "logistic", "sgd", parts)
    got, _ = stepped(cpu(1), tables, layout, "logistic", "sgd", parts)
    assert np.isfinite(got).all()
    assert np.abs(got - want).max() <= 1e-4 * np.abs(want - tables.table).max()


@pytest.mark.parametrize("form", [aligned_part, band_part])
def test_a_reversed_part_is_the_transposed_pairs(form):
    """As if every pair were turned round by hand, and it counts as no pair."""
    layout, tables = start(SCHEMES["source_target"], "free", "float64")
    if form is aligned_part:
        part = reversed_noise(form(0))
        pairs = part.pairs
        turned = pairs._replace(left=pairs.right, right=pairs.left)
    else:
        part = reversed_noise(form(0, [9] * 12, WEIGHTS, NONE, 99))
        pairs = part.pairs
        gaps = pairs.left_out[::-1]
        gaps = gaps[:, np.argsort(gaps[0], kind="stable")].copy()
        turned = pairs._replace(after=pairs.before, before=pairs.after, left_out=gaps)
    by_hand = part._replace(pairs=turned, reversed=False)
    args = tables, layout, "logistic", "sgd"
    got, loss = stepped(cpu(1), *args, [part])
    want, other = stepped(cpu(1), *args, [by_hand])
    assert np.abs(want - tables.table).max() > 0.01
    np.testing.assert_allclose(got, want, atol=1e-12, rtol=0)
    assert loss.total == pytest.approx(other.total)
    assert (loss.weight, loss.pairs) == (0, 0)
    straight, _ = stepped(cpu(1), *args, [part._replace(reversed=False)])
    assert np.abs(straight - got).max() > 0.01


def test_symmetrised_is_signature_at_half_minus():
    """From tables mapped by (s +- t) / sqrt 2, under SGD in float64, they stay equal."""
    one, two = SCHEMES["symmetrised"], SCHEMES["signature"]
    layout, tables = start(one, "free", "float64", shifted=False)
    other = lay_out(two, 16, "free")
    mapped = tables.table.copy()
    mapped[:, :8] = (tables.table[:, :8] + tables.table[:, 8:16]) / np.sqrt(2)
    mapped[:, 8:16] = (tables.table[:, :8] - tables.table[:, 8:16]) / np.sqrt(2)
    parts = BATCHES["both forms"](0)
    ends = []
    for lay, table in ((layout, tables.table), (other, mapped)):
        own = Tables(table.copy(), tables.squares.copy())
        backend = CpuBackend(own, lay, "logistic", "sgd", np.empty(0), 1)
        for _ in range(200):
            backend.step(parts, 0.01)
        ends.append(own.table)
    s, t = ends[0][:, :8], ends[0][:, 8:16]
    assert np.abs(ends[0] - tables.table).max() > 0.1
    np.testing.assert_allclose(ends[1][:, :8], (s + t) / np.sqrt(2), atol=1e-10, rtol=0)
    np.testing.assert_allclose(
        ends[1][:, 8:16], (s - t) / np.sqrt(2), atol=1e-10, rtol=0
    )
    np.testing.assert_allclose(ends[1][:, 16:], ends[0][:, 16:], atol=1e-10, rtol=0)
