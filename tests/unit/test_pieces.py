"""Pieces of phases that threads take as they come, and what becomes of those left alone."""

import threading
import time
from types import SimpleNamespace

import numba
import numpy as np
import planted
import pytest

from nodeemb import embed
from nodeemb.bench.made import made_graph
from nodeemb.bench.measures import fast
from nodeemb.compiled import njit
from nodeemb.roles.layout import lay_out
from nodeemb.roles.schemes import SCHEMES
from nodeemb.sampling.sequences import Pairs
from nodeemb.training.backends import cpu, kernels, steps, updates
from nodeemb.training.backends.pieces import (
    CALLED_OFF,
    CLOSED,
    OPEN,
    call_off,
    new_phases,
    open_next,
    piece_done,
    take_last,
    take_piece,
    tell,
    wait_for,
)
from nodeemb.training.batch import Aligned, Band, Part, cut_pairs
from nodeemb.training.tables import new_tables


@njit(nogil=True)
def add_up(phases, me, count, pieces, made):
    """Each piece of a phase is the sum of the phase before, and its own number.

    made: (count + 1, pieces + 1); the last of them is the sum of numbers that are told.
    """
    for phase in range(count):
        found = wait_for(phases, phase)
        while found == CLOSED:
            found = wait_for(phases, phase)
        if found == CALLED_OFF:
            return
        piece = take_piece(phases, phase, me, pieces)
        while piece >= 0:
            told = made[phase].sum() % 1000 + piece
            made[phase + 1, piece] += told
            tell(phases, phase)
            if piece_done(phases, phase, pieces + 1):
                open_next(phases, phase)
            piece = take_piece(phases, phase, me, pieces)
        if take_last(phases, phase, pieces):
            made[phase + 1, pieces] += made[phase + 1, :pieces].sum()
            if piece_done(phases, phase, pieces + 1):
                open_next(phases, phase)


two_cores = pytest.mark.skipif(
    numba.config.NUMBA_NUM_THREADS < 2, reason="one core: there is no second thread"
)


@pytest.mark.parametrize("pieces", [1, 7])
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_each_piece_is_done_once_when_those_before_are_done(threads, pieces):
    count = 2000 if threads <= numba.config.NUMBA_NUM_THREADS else 30
    want = np.ones((count + 1, pieces + 1), np.int64)
    for phase in range(count):
        own = want[phase + 1, :pieces]
        own += want[phase].sum() % 1000 + np.arange(pieces)
        want[phase + 1, pieces] += own.sum()
    phases, made = new_phases(count, threads), np.ones_like(want)
    add_up(new_phases(1, 1), 0, 1, 1, np.ones((2, 2), np.int64))
    given = (count, pieces, made)
    some = [
        threading.Thread(target=add_up, args=(phases, me, *given), daemon=True)
        for me in range(threads)
    ]
    for thread in some:
        thread.start()
    for thread in some:
        thread.join(60)
    call_off(phases)  # else those that wait for ever would
    assert not any(thread.is_alive() for thread in some)
    np.testing.assert_array_equal(made, want)


@pytest.mark.parametrize(
    ("count", "order"),
    [(7, [2, 3, 4, 5, 6, 0, 1]), (2, [0, 1]), (1, [0]), (0, [])],
)
def test_a_thread_takes_its_own_pieces_first_and_then_those_of_the_next(count, order):
    phases = new_phases(2, 3)
    for phase in range(2):
        taken = [take_piece(phases, phase, 1, count) for _ in range(count + 2)]
        assert taken == [*order, -1, -1]


def test_pieces_are_shared_by_all_who_take_them():
    phases = new_phases(1, 2)
    taken = [take_piece(phases, 0, me, 5) for me in (0, 1, 0, 0, 1, 0, 1)]
    assert taken == [0, 2, 1, 3, 4, -1, -1]


def test_the_last_piece_is_for_who_first_asks_when_all_others_have_told():
    phases = new_phases(2, 2)
    asked = []
    for _ in range(3):
        asked.append(bool(take_last(phases, 1, 3)))
        tell(phases, 1)
    asked += [bool(take_last(phases, 1, 3)) for _ in range(3)]
    assert asked == [False, False, False, True, False, False]
    assert take_last(phases, 0, 0)


def test_who_waits_and_who_is_told_that_nothing_comes():
    phases = new_phases(3, 1)
    assert [take_piece(phases, 0, 0, 3) for _ in range(3)] == [0, 1, 2]
    done = [bool(piece_done(phases, 0, 3)) for _ in range(3)]
    assert done == [False, False, True]
    assert (wait_for(phases, 0), wait_for(phases, 1)) == (OPEN, CLOSED)
    open_next(phases, 0)
    assert (wait_for(phases, 1), wait_for(phases, 2)) == (OPEN, CLOSED)
    call_off(phases)
    assert {wait_for(phases, phase) for phase in range(3)} == {CALLED_OFF}


# ---- what threads do of a step ----------------------------------------------------------


def alone(blocks, me, threads, monkeypatch):
    """(part, block, has room of the right length) of all blocks that a thread does which
    is the only one there, and whether it opened the next phase."""
    opened = np.cumsum([0, *(count + 1 for count in blocks)])
    lengths = [5 + part % 2 for part in range(len(blocks))]
    stack = SimpleNamespace(
        steps=np.array([0, len(blocks)]), opened=opened, lengths=lengths, counts=[0],
        band=[part % 2 for part in range(len(blocks))],
    )  # fmt: skip
    seen = []

    def do_block(b, p, phases, phase, spot, *_):
        seen.append((int(p), int(b), spot.length == lengths[p]))
        tell(phases, phase)
        return 1

    def spot_for(part, *_):
        return SimpleNamespace(length=lengths[part])

    for name, fake in (
        ("do_band_block", do_block),
        ("do_aligned_block", do_block),
        ("spot_for", spot_for),
        ("group", lambda *_: 0),
        ("_blocks_in", steps._blocks_in.py_func),
        ("_apply_early", lambda *_: None),
    ):
        monkeypatch.setattr(steps, name, fake)
    grouped = steps.Grouped(0, 0, 0, 0, 0, [None], 0)
    slopes = SimpleNamespace(nodes=np.zeros(0))
    told = SimpleNamespace(
        loss_every=[0], losses=None, done=np.zeros(int(opened[-1]), np.int64)
    )
    phases, pairs = new_phases(2, threads), np.zeros(len(blocks), int)
    steps.find_slopes.py_func(
        0, phases, me, spot_for(0), pairs, None, stack, None, None, slopes, grouped, told
    )  # fmt: skip
    assert grouped.nodes == [0]
    ends = np.cumsum([count + 1 for count in blocks]) - 1
    assert np.flatnonzero(told.done == 0).tolist() == ends.tolist()
    return seen, wait_for(phases, 1) == OPEN


@pytest.mark.parametrize("blocks", [[2, 0, 3, 1], [1], [0, 0], [4, 4], [0, 5]])
@pytest.mark.parametrize("me, threads", [(0, 1), (1, 2), (1, 3), (2, 3), (4, 5)])
def test_a_thread_left_alone_does_all_blocks_once(me, threads, blocks, monkeypatch):
    seen, opened = alone(blocks, me, threads, monkeypatch)
    every = [(p, b, True) for p, count in enumerate(blocks) for b in range(count)]
    assert sorted(seen) == every and opened


NODES = np.arange(4, dtype=np.int32)
FORMS = {
    "band": Band(
        NODES, np.zeros(4, np.int32), np.full(4, 4, np.int32), np.array([0, 4]),
        np.ones(2), np.ones(2), 99, 1.0,
    ),
    "aligned": Aligned(
        NODES, np.array([5, 5, 6, 7], np.int32), np.ones(4, np.float32),
        np.ones(4, np.float32), np.array([0, 4]),
    ),
}  # fmt: skip


NOISE = {
    "right": np.array([[8, 9]], np.int32),
    "left": np.array([[9, 8, 7]], np.int32),
    "none": np.empty((1, 0), np.int32),
}


def backend_of(threads, nodes=10):
    layout = lay_out(SCHEMES["source_target"], 8, "none")
    tables = new_tables(nodes, layout, 0)
    return cpu.CpuBackend(tables, layout, "logistic", "adagrad", np.empty(0), threads)


@pytest.mark.parametrize("right, left", [("right", "none"), ("none", "left"), ("right", "left"), ("none", "none")])  # fmt: skip
@pytest.mark.parametrize("form", FORMS)
def test_a_block_that_has_told_needs_the_table_no_more(form, right, left, monkeypatch):
    part = Part(0, FORMS[form], NOISE[right], NOISE[left], 0.4)
    named, found = [], []
    for spoilt in (0.0, np.nan):
        backend = backend_of(1)
        about = backend.about(backend.stacked([[part]]), [0.1], [1])
        model, stack, bands, aligned, slopes, _, told = about
        slopes.nodes[:] = -7

        def tell(*_, slopes=slopes, stack=stack, spoilt=spoilt, table=model.table):
            named.append(slopes.nodes[: stack.counts[0]].tolist())
            table += spoilt

        monkeypatch.setattr(kernels, "tell", tell)
        spot = steps.spot_for(0, model, stack)
        do_block = {"band": kernels.do_band_block, "aligned": kernels.do_aligned_block}
        given = 0, 0, None, 0, spot, model, stack, bands if form == "band" else aligned
        do_block[form].py_func(*given, slopes, 1, told.losses)
        found.append([slopes.values.tolist(), told.losses.tolist()])
    assert len(named) == 2 and -7 not in named[0]
    assert found[0] == found[1]


# ---- updates that come early --------------------------------------------------------------


def some_slopes(threads):
    """(backend, what its threads are given, phases) of a step whose slopes are made up and
    grouped: four blocks of a band, and then two of aligned pairs."""
    rng = np.random.default_rng(5)
    rows = rng.integers(0, 60, (3, 16)).astype(np.int32)
    band = Band(
        rows[0], np.zeros(16, np.int32), np.full(16, 16, np.int32), np.arange(0, 17, 4),
        np.ones(2), np.ones(2), 99, 1.0,
    )  # fmt: skip
    ones = np.ones(16, np.float32)
    aligned = Aligned(rows[1], rows[2], ones, ones, np.array([0, 8, 16]))
    parts = [
        Part(0, pairs, *(np.ones((blocks, n), np.int32) for n in noise), 1.0)
        for pairs, blocks, noise in ((band, 4, (3, 0)), (aligned, 2, (3, 2)))
    ]
    backend = backend_of(threads, 60)
    about = backend.about(backend.stacked([parts]), [0.1], [0])
    slopes, grouped = about.slopes, about.grouped
    assert about.stack.counts[0] == 86
    slopes.nodes[:86] = rng.integers(0, 60, 86)
    slopes.sides[:86] = rng.integers(0, 2, 86)
    slopes.offsets[:86] = 8 * np.arange(86)
    slopes.values[:] = rng.normal(size=len(slopes.values))
    grouped.nodes[0] = updates.group(
        slopes.nodes[:86], grouped.head, grouped.following, grouped.touched,
        grouped.order, grouped.ends,
    )  # fmt: skip
    return backend, about, new_phases(2, threads)


def apply_all(about, phases):
    model, _, _, _, slopes, grouped, _ = about
    for share in range(3):
        updates.apply_share(
            share, 3, model, slopes, grouped, 0.1, updates.Early(0, phases, 0, 0)
        )


def apply_early(about, phases, me):
    model, stack, _, _, slopes, grouped, told = about
    steps._apply_early.py_func(0, phases, me, 6, model, stack, slopes, grouped, told)


# by where it is among the ends of blocks, where a block's slopes lie: left and right of its
# rows, and its noise
PLACES = {
    1: [*range(4, 8), *range(20, 24), *range(35, 38)],
    6: [*range(52, 60), *range(68, 76), *range(81, 86)],
}


@pytest.mark.parametrize("late", [[1], [6], [1, 6]])
def test_early_updates_are_of_nodes_whose_slopes_are_all_there(late, monkeypatch):
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 3)
    backend, about, phases = some_slopes(3)
    apply_all(about, phases)
    want, early = backend.tables.table.copy(), []
    places = [place for block in late for place in PLACES[block]]
    for me in range(3):
        backend, about, phases = some_slopes(3)
        table, before = backend.tables.table, backend.tables.table.copy()
        nodes, values = about.slopes.nodes[:86], about.slopes.values[: 86 * 8]
        values = values.reshape(86, 8)
        kept = values[places].copy()
        values[places] = np.nan
        about.told.done[
            [block for block in (0, 1, 2, 3, 5, 6) if block not in late]
        ] = 1
        apply_early(about, phases, me)
        assert np.isfinite(table).all()
        early.append(set(np.flatnonzero((table != before).any(1)).tolist()))
        values[places] = kept
        apply_all(about, phases)
        np.testing.assert_array_equal(table, want)
    assert all(early) and len(set().union(*early)) == sum(map(len, early))
    assert set().union(*early) == set(nodes.tolist()) - set(nodes[places].tolist())


@pytest.mark.parametrize("counted", [False, True])
def test_nothing_is_early_where_the_last_block_has_just_been_done(counted):
    backend, about, phases = some_slopes(2)
    before = backend.tables.table.copy()
    about.told.done[: 5 if counted else 8] = 1
    for _ in range(6 if counted else 5):
        piece_done(phases, 0, 7)
    apply_early(about, phases, 0)
    np.testing.assert_array_equal(backend.tables.table, before)


def test_who_is_early_looks_before_each_node_whether_all_blocks_are_done():
    backend, about, phases = some_slopes(2)
    before = backend.tables.table.copy()
    model, _, _, _, slopes, grouped, _ = about
    grouped.late[0] = 0, 0
    updates.apply_share(
        0, 1, model, slopes, grouped, 0.1, updates.Early(1, phases, 0, 0)
    )
    np.testing.assert_array_equal(backend.tables.table, before)


@two_cores
def test_two_threads_end_as_one_after_many_steps():
    graph, options = made_graph(10_000, 100_000), {"sampler.walks_per_node": 1}
    one, *two = (
        embed(graph, "deepwalk", threads=threads, options=fast() | options).table
        for threads in (1, 2, 2)
    )
    for table in two:
        np.testing.assert_array_equal(table, one)


# ---- the steps of a training ------------------------------------------------------------


def trained(threads):
    graph = planted.block_model((40, 40))
    options = {"roles.dim": 8, "sampler.walks_per_node": 20}
    return embed(graph, "deepwalk", seed=0, threads=threads, options=options).table


def is_at(where):
    return (threading.current_thread() is threading.main_thread()) == (where == "main")


@two_cores
@pytest.mark.parametrize("where", ["main", "other"])
def test_a_late_thread_changes_nothing(where, monkeypatch):
    want, whole = trained(1), cpu.do_steps
    begun = []

    def slow(*about):
        if is_at(where) and len(begun) < 3:
            begun.append(where)
            time.sleep(0.1)
        return whole(*about)

    monkeypatch.setattr(cpu, "do_steps", slow)
    monkeypatch.setattr(cpu, "_A_THREAD", 1)
    monkeypatch.setattr(cpu.CpuBackend, "at_once", 10)
    np.testing.assert_array_equal(trained(2), want)
    assert len(begun) == 3


def test_a_thread_that_waits_gives_its_core_away_and_in_the_end_sleeps(monkeypatch):
    rests = []

    def in_vain(_me, _phases, place, *_about):
        place[1] += 1
        return len(rests) == 60

    monkeypatch.setattr(cpu, "do_steps", in_vain)
    monkeypatch.setattr(cpu, "_let_others_run", lambda: rests.append("short"))
    monkeypatch.setattr(time, "sleep", rests.append)
    stack = cpu.stack_of([[one_pair()]], [8], [16])[0]
    cpu._share(1, 2, None, None, None, stack)
    assert rests == ["short"] * 50 + [1e-3] * 10


def one_pair():
    noise = np.empty((1, 0), np.int32)
    pairs = Pairs(*np.array([[0], [1]], np.int32), np.ones(1, np.float32), None)
    return Part(0, cut_pairs(pairs, 1.0, 8), noise, noise, 0.0)


@two_cores
@pytest.mark.parametrize("threads", [1, 2])
def test_what_is_done_meanwhile_is_done_once_while_others_are_at_the_steps(
    threads, monkeypatch
):
    monkeypatch.setattr(cpu, "_A_THREAD", 1)
    layout = lay_out(SCHEMES["source_target"], 8, "none")
    tables = new_tables(2, layout, 0)
    before, called = tables.table.copy(), []
    backend = cpu.CpuBackend(tables, layout, "logistic", "sgd", np.empty(0), threads)

    def meanwhile():
        called.append(numba.get_num_threads())
        until = time.monotonic() + 30
        while threads == 2 and (tables.table == before).all():
            assert time.monotonic() < until, "nobody is at the steps"
            time.sleep(0.001)

    batches = [[one_pair()]] * 5
    backend.steps(backend.stacked(batches), [1.0] * 5, [0] * 5, meanwhile)
    assert called == [1]
    assert numba.get_num_threads() == backend.threads
    assert (tables.table != before).any()


@two_cores
@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_when_making_the_next_batches_fails_the_steps_end(error, monkeypatch):
    monkeypatch.setattr(cpu, "_A_THREAD", 1)
    layout = lay_out(SCHEMES["source_target"], 8, "none")
    tables = new_tables(2, layout, 0)
    before = tables.table.copy()
    backend = cpu.CpuBackend(tables, layout, "logistic", "sgd", np.empty(0), 2)
    phases = []

    def kept(*counts):
        phases.append(new_phases(*counts))
        return phases[-1]

    def meanwhile():
        while (tables.table == before).all():
            time.sleep(1e-4)
        raise error("no room")

    monkeypatch.setattr(cpu, "new_phases", kept)
    batches = [[one_pair()]] * 200_000
    with pytest.raises(error, match="no room"):
        backend.steps(
            backend.stacked(batches),
            [1.0] * len(batches),
            [0] * len(batches),
            meanwhile,
        )
    assert 0 < phases[0][0, 0, 0] < len(batches)


@two_cores
@pytest.mark.parametrize("where", ["main", "other"])
@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_when_a_thread_fails_the_others_do_not_wait_for_it(where, error, monkeypatch):
    whole, ended, taken = cpu.do_steps, [], threading.Event()

    def failing(me, phases, place, *about):
        if is_at(where):
            take_piece(phases, 0, me, 1)  # and never does it
            taken.set()
            raise error("no room")
        assert taken.wait(30)
        done = whole(me, phases, place, *about)
        ended.append((done, place[0]))
        return done

    monkeypatch.setattr(cpu, "do_steps", failing)
    monkeypatch.setattr(cpu, "_A_THREAD", 1)
    with pytest.raises(error, match="no room"):
        trained(2)
    assert ended[-1] in ((True, 0), (True, 1))
