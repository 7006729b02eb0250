"""The trainer: which epoch is kept, when it stops, what it tells on the way."""

from __future__ import annotations

import io

import numpy as np
import planted
import pytest
from threadpoolctl import threadpool_limits

from nodeemb.errors import Diverged
from nodeemb.progress import Progress, line_reporter
from nodeemb.rng import stream_key, units
from nodeemb.roles.layout import lay_out
from nodeemb.roles.schemes import SCHEMES
from nodeemb.sampling.noise import noise_law
from nodeemb.sampling.options import (
    AlternatingOptions,
    EdgeOptions,
    FirstStencil,
    NoiseOptions,
    PairStencil,
    WalkOptions,
    WindowStencil,
)
from nodeemb.sampling.registry import plan
from nodeemb.sampling.sequences import Pairs
from nodeemb.training import trainer
from nodeemb.training.backends.cpu import CpuBackend
from nodeemb.training.batch import Aligned, Band, Loss, Part, cut_pairs
from nodeemb.training.batches import (
    Noise,
    batches,
    batches_ahead,
    make_feed,
    num_batches,
)
from nodeemb.training.options import TrainingOptions
from nodeemb.training.tables import Tables, new_tables, renew_images
from nodeemb.training.trainer import train


class Counting:
    """A backend whose table counts the steps; loss and breakdown go by a script."""

    at_steps = False

    def __init__(self, losses=None, ruined_at=None, at_once=16):
        self.at_once = at_once
        self.tables = Tables(np.zeros((3, 2), np.float32), np.zeros((3, 1), np.float32))
        self.losses, self.ruined_at = losses or {}, ruined_at
        self.done, self.rates, self.measured, self.made = 0, [], [], []

    def stacked(self, batches):
        assert all(batches)
        self.made.append(self.at_steps)
        return tuple(batches)

    def steps(self, stacked, rates, loss_every, meanwhile):
        assert isinstance(stacked, tuple)
        self.at_steps = True
        meanwhile()
        self.at_steps = False
        self.measured += [every > 0 for every in loss_every]
        return [
            self._step(rate)
            for _, rate, _ in zip(stacked, rates, loss_every, strict=True)
        ]

    def _step(self, rate):
        self.done += 1
        self.tables.table[:] += 1
        self.rates.append(rate)
        if self.done == self.ruined_at:
            self.tables.table[0, 0] = np.nan
        return Loss(self.losses.get(self.done, 2.0), 4.0, 7)


def feed_of(graph=None, seed=0, **training):
    """Batches of two edges: a ring of six has three an epoch."""
    graph = graph or planted.directed_ring(6)
    made = plan(graph, EdgeOptions(), seed)
    options = TrainingOptions(**{"block_pairs": 2, "batch_blocks": 1, **training})
    law = noise_law(made.right_degree, 0.75)
    return make_feed(
        made,
        PairStencil(),
        SCHEMES["source_target"],
        (Noise(NoiseOptions(shared=4), law, law),),
        graph.out,
        options,
        seed,
    )


# ---- epochs -----------------------------------------------------------------------------


def test_every_batch_of_every_epoch_is_a_step():
    backend = Counting()
    history = train(backend, feed_of(epochs=4))
    assert backend.done == 12 and (backend.tables.table == 12).all()
    assert [e.number for e in history.epochs] == [1, 2, 3, 4]
    assert [e.pairs for e in history.epochs] == [21] * 4 and history.pairs == 84
    assert [e.loss for e in history.epochs] == [0.5] * 4
    assert all(e.validation is None and e.seconds >= 0 for e in history.epochs)
    assert (history.best_epoch, history.stopped) == (4, "all epochs done")


def test_the_rate_falls_to_a_ten_thousandth_or_stays():
    backend = Counting()
    train(backend, feed_of(epochs=2, learning_rate=0.6))
    share = np.arange(6) / 6
    assert backend.rates == pytest.approx(0.6 * (1 - 0.9999 * share))
    backend = Counting()
    train(backend, feed_of(epochs=2, learning_rate=0.6, schedule="constant"))
    assert backend.rates == [0.6] * 6


def validator(scores, seen=None):
    """Scores by a script; remembers what it was shown."""
    script = iter(scores)

    def validate(table):
        if seen is not None:
            seen.append(table.copy())
        return next(script)

    return validate


def test_the_best_epoch_is_kept():
    backend, seen = Counting(), []
    scores = [0.5, 0.8, 0.7, 0.75, 0.6]
    history = train(
        backend, feed_of(epochs=5, patience=9), validate=validator(scores, seen)
    )
    assert history.best_epoch == 2 and history.stopped == "all epochs done"
    assert [e.validation for e in history.epochs] == scores
    assert (backend.tables.table == 6).all(), "the tables after the second epoch"
    assert [table[0, 0] for table in seen] == [3, 6, 9, 12, 15]


def test_it_stops_after_so_many_epochs_without_a_better_one():
    backend = Counting()
    scores = [0.5, 0.8, 0.8, 0.7, 0.99]
    history = train(backend, feed_of(epochs=5, patience=2), validate=validator(scores))
    assert len(history.epochs) == 4 and history.best_epoch == 2
    assert history.stopped == "no better epoch in 2"
    assert (backend.tables.table == 6).all()


def test_an_equal_epoch_is_no_better_one():
    history = train(Counting(), feed_of(epochs=3), validate=validator([0.5, 0.5, 0.5]))
    assert history.best_epoch == 1


# ---- what goes wrong --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("backend", "epoch", "kept"),
    [
        (Counting(losses={7: np.nan}), 3, 6),
        (Counting(losses={8: np.inf}), 3, 6),
        (Counting(losses={1: np.nan}), 1, 0),
        (Counting(ruined_at=5), 2, 3),
        (Counting(ruined_at=12), 4, 9),
    ],
    ids=["loss", "infinite", "at once", "tables", "at the end"],
)
def test_divergence_leaves_the_last_good_tables(backend, epoch, kept):
    with pytest.raises(Diverged) as caught:
        train(backend, feed_of(epochs=4, learning_rate=0.5))
    assert (backend.tables.table == kept).all()
    message = str(caught.value)
    assert f"in epoch {epoch} (learning_rate 0.5, optimizer adagrad)" in message
    assert ("tables training began with" in message) == (kept == 0)
    assert (f"kept the tables of epoch {epoch - 1}" in message) == (kept > 0)
    assert "Try training.learning_rate=0.05" in message
    assert caught.value.exit_code == 1


def seen_of(seen):
    return lambda state, _: seen.append(
        None if state.good is None else state.good[0, 0]
    )


@pytest.mark.parametrize(("losses", "kept"), [({2: np.nan}, -1), ({5: np.nan}, 3)])
def test_what_can_be_made_again_is_not_kept_through_the_first_epoch(losses, kept):
    """-1: as it was made again."""
    backend, seen = Counting(losses=losses, at_once=1), []
    with pytest.raises(Diverged):
        train(
            backend, feed_of(epochs=3), after_steps=seen_of(seen),
            begin=lambda table: table.fill(-1),
        )  # fmt: skip
    assert (backend.tables.table == kept).all()
    assert seen[:3] == [None] * len(seen[:3]) and set(seen[3:]) <= {3}
    whole: list = []
    train(Counting(at_once=1), feed_of(epochs=3), after_steps=seen_of(whole),
          begin=lambda table: table.fill(-1))  # fmt: skip
    assert whole == [None] * 3 + [3] * 3 + [6] * 3
    only: list = []
    train(Counting(at_once=1), feed_of(epochs=1), after_steps=seen_of(only))
    assert only == [0] * 3


def test_divergence_of_sgd_names_adagrad():
    with pytest.raises(Diverged, match="optimizer=adagrad"):
        train(Counting(losses={1: np.nan}), feed_of(optimizer="sgd"))


# ---- what is told on the way ------------------------------------------------------------


def test_progress_goes_up_to_the_whole():
    told: list[Progress] = []
    train(Counting(), feed_of(epochs=2), told.append)
    assert [p.share for p in told] == [0.5, 1.0]
    told.clear()
    train(Counting(at_once=1), feed_of(epochs=2), told.append)
    shares = [p.share for p in told]
    assert shares == pytest.approx(np.arange(1, 7) / 6)
    assert [p.task for p in told] == ["epoch 1/2"] * 3 + ["epoch 2/2"] * 3
    assert all(p.unit == "pairs" and p.loss == 0.5 and p.rate > 0 for p in told)
    assert told[-1].seconds >= told[0].seconds >= 0
    assert told[-1].seconds_left == 0


def test_progress_has_the_validation_and_the_early_end():
    told: list[Progress] = []
    train(
        Counting(),
        feed_of(epochs=9, patience=1),
        told.append,
        validator([0.75, 0.5]),
    )
    assert told[0].note == "" and told[1].note == "validation 0.7500"
    assert told[-1].share == 1 and told[-1].task == "stopped after epoch 2"
    assert told[-1].note == "epoch 1 was the best"
    assert [p.share for p in told] == sorted(p.share for p in told)


def test_a_moment_is_one_line():
    moment = Progress("epoch 3/10", 0.25, 1_234_567.0, "pairs", 0.4321, 60.0, "note")
    assert moment.text() == (
        "epoch 3/10   25 %  1.23 M pairs/s  loss 0.4321  note  0:03:00 left"
    )
    start = Progress("epoch 1/1", 0.0, 0.0, "pairs", None, 0.0)
    assert start.seconds_left == float("inf") and start.text().endswith("? left")


def lines(terminal: bool, every: float, shares) -> str:
    stream = io.StringIO()
    stream.isatty = lambda: terminal  # type: ignore[method-assign]
    report = line_reporter(stream, every)
    for share in shares:
        report(Progress("work", share, 10.0, "pairs", 1.0, 1.0))
    return stream.getvalue()


def test_a_file_gets_a_line_now_and_then_and_the_last():
    text = lines(False, 1000.0, [0.1, 0.2, 0.3, 1.0])
    assert text.count("\n") == 1 and "100 %" in text
    assert lines(False, 0.0, [0.1, 0.2, 1.0]).count("\n") == 3


def test_a_terminal_gets_one_line_rewritten():
    text = lines(True, 10.0, [0.1, 0.2, 1.0])
    assert text.count("\r") == 2, "the second comes too soon"
    assert text.count("\n") == 1 and text.endswith("\n")


# ---- batches ----------------------------------------------------------------------------


def rows_of(parts) -> list:
    return [
        [np.asarray(column).tolist() for column in (*part.pairs, *part[2:4])]
        for part in parts
    ]


METHODS = {
    "edges": (EdgeOptions(), PairStencil()),
    "walks": (WalkOptions(walk_length=5, walks_per_node=3), WindowStencil(window=2)),
    "nerd": (AlternatingOptions(walk_length=4), FirstStencil()),
}


def any_feed(method, seed=0, **training):
    sampler, stencil = METHODS[method]
    graph = planted.block_model((6, 6, 6))
    made = plan(graph, sampler, seed)
    options = TrainingOptions(
        **{"block_pairs": 3, "block_rows": 11, "batch_blocks": 2, **training}
    )
    laws = noise_law(made.left_degree, 1.0), noise_law(made.right_degree, 1.0)
    noises = (Noise(NoiseOptions(side="both", shared=4), *laws),)
    return make_feed(
        made, stencil, SCHEMES["source_target"], noises, graph.out, options, seed
    )


def test_the_next_batches_are_made_and_stacked_while_others_are_trained_on():
    backend = Counting(at_once=1)
    train(backend, feed_of(epochs=2))
    assert backend.made == [False, True, True] * 2


def test_batches_without_pairs_are_passed_over_and_counted(monkeypatch):
    """Three edges an epoch, a batch each, as in all of a ring's."""
    feed = feed_of(epochs=1)
    one, two, three = batches(feed, 0)
    groups = [[[], one], [[]], [two, [], three, []]]
    monkeypatch.setattr(trainer, "batches_ahead", lambda *_: iter(groups))
    monkeypatch.setattr(trainer, "num_batches", lambda _: 7)
    monkeypatch.setattr(trainer, "_rate", lambda _, share: share)
    monkeypatch.setattr(trainer, "_LOSS_STEPS", 2)  # so every third
    backend, steps = Counting(), []
    train(backend, feed, after_steps=lambda state, _: steps.append(state.step))
    assert steps == [2, 3, 7]
    assert backend.rates == [1 / 7, 3 / 7, 5 / 7]
    assert backend.measured == [False, True, False]


@pytest.mark.parametrize(
    "most, at_once, several",
    [(1, 16, 1), (60, 16, 6), (10**9, 16, 16), (10**9, 5, 5), (10**9, 30, 25)],
)
def test_of_large_batches_few_are_made_ahead(most, at_once, several, monkeypatch):
    monkeypatch.setattr("nodeemb.training.batches.NODES_AHEAD", most)
    monkeypatch.setattr("nodeemb.training.batches.DRAWN_AT_ONCE", 10)
    feed = any_feed("walks")
    ahead = list(batches_ahead(feed, 0, 2, at_once))
    assert [rows_of(p) for some in ahead for p in some] == [
        rows_of(p) for p in batches(feed, 0, 2)
    ]
    assert max(map(len, ahead)) == several and min(map(len, ahead)) >= 1
    for some in ahead:  # the last may take it over the most there should be
        assert sum(len(part.pairs[0]) for batch in some[:-1] for part in batch) < most


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_is_a_function_of_seed_epoch_and_number(method):
    feed = any_feed(method)
    whole = [rows_of(parts) for parts in batches(feed, 2)]
    assert len(whole) == num_batches(feed) > 20
    for first in (1, 5, len(whole) - 1):
        assert [rows_of(p) for p in batches(feed, 2, first)] == whole[first:]
    assert [rows_of(p) for p in batches(feed, 3)] != whole
    assert [rows_of(p) for p in batches(any_feed(method, seed=1), 2)] != whole


@pytest.mark.parametrize("method", METHODS)
def test_the_size_of_batches_changes_no_pair(method):
    """Only the noise goes by the batch."""

    def pairs(**training):
        feed = any_feed(method, **training)
        found = []
        for parts in batches(feed, 0):
            for part in parts:
                if isinstance(part.pairs, Band):
                    rows, start, stop = part.pairs[:3]
                    places = {
                        (a, b)
                        for a, b in zip(start.tolist(), stop.tolist(), strict=True)
                    }
                    found += [tuple(rows[a:b].tolist()) for a, b in sorted(places)]
                else:
                    assert isinstance(part.pairs, Aligned)
                    left, right = part.pairs.left, part.pairs.right
                    found += list(zip(left.tolist(), right.tolist(), strict=True))
        return found

    assert pairs() == pairs(batch_blocks=1) == pairs(block_pairs=50, block_rows=64)


@pytest.mark.parametrize("method", METHODS)
def test_batches_hold_no_more_than_asked_for(method):
    for parts in batches(any_feed(method), 0):
        for part in parts:
            sizes = np.diff(part.pairs.blocks)
            assert sizes.max() <= (11 if isinstance(part.pairs, Band) else 3)
            assert part.noise_right.shape == part.noise_left.shape == (len(sizes), 4)
            assert part.noise_weight == pytest.approx(5 / (4 * 2))


# ---- tables -----------------------------------------------------------------------------


def test_damped_steps_are_a_tenth_of_the_rate_times_the_slope():
    scheme = SCHEMES["single"]
    layout = lay_out(scheme, 4, "none")
    moved = {}
    for optimizer, rate in (("sgd", 0.01), ("damped", 0.1), ("adagrad", 0.1)):
        tables = new_tables(3, layout, 0, "float64", damped=optimizer == "damped")
        before = tables.table.copy()
        backend = CpuBackend(tables, layout, "logistic", optimizer, np.empty(0), 1)
        ends = np.array([[0], [1]], np.int32)
        pairs = Pairs(*ends, np.ones(1, np.float32), np.zeros(1, np.int8))
        none = np.empty((1, 0), np.int32)
        backend.step([Part(0, cut_pairs(pairs, 1.0, 8), none, none, 0.0)], rate)
        moved[optimizer] = tables.table - before
    np.testing.assert_allclose(moved["damped"], moved["sgd"], rtol=1e-4)
    assert np.abs(moved["adagrad"]).max() > 5 * np.abs(moved["damped"]).max()


@pytest.mark.parametrize("scheme", [s for s in SCHEMES if SCHEMES[s].roles])
def test_tables_start_small_random_and_alike(scheme):
    layout = lay_out(SCHEMES[scheme], 16, "free")
    tables = new_tables(500, layout, 3, "float64")
    dim = next(iter(layout.dims.values()))
    roles = tables.table[:500, : layout.width]
    assert np.abs(roles).max() < 0.5 / dim
    assert roles.std() == pytest.approx(1 / dim / np.sqrt(12), rel=0.05)
    assert abs(roles.mean()) < 0.05 / dim
    assert len(np.unique(roles)) == roles.size
    biases = tables.table[:, layout.width : layout.width + 2]
    assert (biases == 0).all(), "biases have a slope at 0"
    assert (tables.squares == 0).all()
    assert tables.squares.shape == (len(tables.table), len(layout.roles))
    assert len(tables.table) == 500 + 16 * (scheme == "learned_form")
    again = new_tables(500, layout, 3, "float64")
    assert np.array_equal(again.table, tables.table)
    assert not np.array_equal(new_tables(500, layout, 4, "float64").table, tables.table)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_core_starts_at_1_with_a_skew_part_and_images_agree(dtype):
    layout = lay_out(SCHEMES["learned_form"], 16, "free")
    table = new_tables(500, layout, 3, dtype).table
    core, left = table[500:, :16].astype(float), table[500:, 16:]
    assert table.shape == (516, 16 + 2 + 16) and (left == 0).all()
    np.testing.assert_allclose(core + core.T, 2 * np.eye(16), atol=1e-6)
    skew = (core - core.T)[np.triu_indices(16, 1)]
    assert len(np.unique(skew)) == len(skew) and 0.3 < np.abs(skew).max() < 0.5
    np.testing.assert_allclose(table[:500, 18:], table[:500, :16] @ core.T, atol=1e-7)
    again, other = (new_tables(500, layout, seed, dtype).table for seed in (3, 4))
    np.testing.assert_array_equal(again, table)
    assert (other[500:, :16] != table[500:, :16]).any()


def test_images_are_the_same_on_any_number_of_threads():
    """At this width a product on two threads ends in other digits."""
    layout = lay_out(SCHEMES["learned_form"], 300, "none")
    table = new_tables(1001, layout, 0, "float64").table
    table[:] = units(stream_key(0, "t"), 0, table.size).reshape(table.shape)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads, "blas"):
            renew_images(table, layout)
        found.append(table.copy())
    np.testing.assert_array_equal(*found)
