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
from nodeemb.training.backends import cpu, steps
from nodeemb.training.backends.pieces import (
    CALLED_OFF,
    CLOSED,
    OPEN,
    call_off,
    new_phases,
    open_next,
    piece_done,
    take_piece,
    take_thing,
    thing_made,
    wait_for,
)
from nodeemb.training.batch import Part, cut_pairs
from nodeemb.training.tables import new_tables


@njit(nogil=True)
def add_up(phases, me, count, pieces, made, things):
    """Each piece of a phase is the sum of the phase before, and its own number, and the
    number of the phase where that is even: it is written down while others are waited for.

    made: (count + 1, pieces). things: (count,).
    """
    for phase in range(count):
        found = wait_for(phases, phase, 1)
        while found == CLOSED:
            thing = take_thing(phases, (count + 1) // 2)
            if thing >= 0:
                things[2 * thing] += 2 * thing
                thing_made(phases, 2 * thing)
            found = wait_for(phases, phase, 100)
        if found == CALLED_OFF:
            return
        piece = take_piece(phases, phase, me, pieces)
        while piece >= 0:
            own = made[phase].sum() % 1000 + piece + things[phase]
            made[phase + 1, piece] += own
            if piece_done(phases, phase, pieces):
                open_next(phases, phase)
            piece = take_piece(phases, phase, me, pieces)


two_cores = pytest.mark.skipif(
    numba.config.NUMBA_NUM_THREADS < 2, reason="one core: there is no second thread"
)


@pytest.mark.parametrize("pieces", [1, 7])
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_each_piece_is_done_once_when_those_before_are_done(threads, pieces):
    count = 2000 if threads <= numba.config.NUMBA_NUM_THREADS else 30
    want = np.ones((count + 1, pieces), np.int64)
    for phase in range(count):
        want[phase + 1] += want[phase].sum() % 1000 + np.arange(pieces)
        want[phase + 1] += (1 - phase % 2) * phase
    phases, made = new_phases(count, threads, every=2), np.ones_like(want)
    none = np.zeros(count, np.int64)
    add_up(new_phases(1, 1, every=2), 0, 1, 1, np.ones((2, 1), np.int64), none[:1])
    given = (count, pieces, made, none)
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


def test_a_phase_that_lacks_a_thing_waits_for_it():
    phases = new_phases(4, 2, every=2)
    open_next(phases, 2)  # all that come before each phase are done
    assert [wait_for(phases, phase) for phase in range(4)] == [CLOSED, OPEN] * 2
    assert [take_thing(phases, 2) for _ in range(4)] == [0, 1, -1, -1]
    thing_made(phases, 2)
    assert [wait_for(phases, phase) for phase in (0, 2)] == [CLOSED, OPEN]
    thing_made(phases, 0)
    assert [wait_for(phases, phase) for phase in range(4)] == [OPEN] * 4


# ---- what threads do of a step ----------------------------------------------------------


def alone(blocks, me, threads, shared, monkeypatch):
    """(part, block, has room of the right length) of all blocks that a thread does which is
    the only one there, the ranges of nodes it updates, and the phases that have opened."""
    opened = np.cumsum([0, *(count + 1 for count in blocks)])
    lengths = [5 + part % 2 for part in range(len(blocks))]
    stack = SimpleNamespace(
        steps=np.array([0, 0, len(blocks)]), opened=opened, lengths=lengths,
        band=[part % 2 for part in range(len(blocks))],
    )  # fmt: skip
    seen, updated = [], []

    def do_block(b, p, spot, *_):
        seen.append((int(p), int(b), spot.length == lengths[p]))
        return 1

    def spot_for(part, *_):
        return SimpleNamespace(length=lengths[part], sums=None)

    for name, fake in (
        ("do_band_block", do_block),
        ("do_aligned_block", do_block),
        ("spot_for", spot_for),
        ("update_each", lambda *given: updated.append((*given[:2], given[-1]))),
        ("_blocks_in", steps._blocks_in.py_func),
        ("shared_of", lambda *_: (0, shared)),
    ):
        monkeypatch.setattr(steps, name, fake)
    own = 10 * np.arange(opened[-1])[:, None] + [0, 10]
    told = SimpleNamespace(loss_every=[0, 0], losses=None, rates=[None, 0.1])
    # the second step of two
    phases, pairs = new_phases(4, threads), np.zeros(len(blocks), int)
    steps._do_blocks.py_func(
        1, phases, me, spot_for(0), pairs, None, stack, None, None,
        SimpleNamespace(own=own), None, told,
    )  # fmt: skip
    assert pairs.tolist() == blocks
    places = [opened[p] + b for p, b, _ in seen]
    assert updated == [(10 * place, 10 * place + 10, 0.1) for place in places]
    return seen, int(phases[0, 0, 0])


@pytest.mark.parametrize("shared", [0, 3])
@pytest.mark.parametrize("blocks", [[2, 0, 3, 1], [1], [0, 0], [4, 4], [0, 5]])
@pytest.mark.parametrize("me, threads", [(0, 1), (1, 2), (1, 3), (2, 3), (4, 5)])
def test_a_thread_left_alone_does_all_blocks_once(
    me, threads, blocks, shared, monkeypatch
):
    seen, opened = alone(blocks, me, threads, shared, monkeypatch)
    every = [(p, b, True) for p, count in enumerate(blocks) for b in range(count)]
    assert sorted(seen) == every
    assert opened == (3 if shared else 4)


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

    def in_vain(me, _phases, place, _pairs, chains, *_about):
        assert (me, chains) == (1, "its own")
        place[1] += 1
        return len(rests) == 60

    monkeypatch.setattr(cpu, "do_steps", in_vain)
    monkeypatch.setattr(cpu, "_let_others_run", lambda: rests.append("short"))
    monkeypatch.setattr(time, "sleep", rests.append)
    stack = cpu.stack_of([[one_pair()]], [8], [16])[0]
    cpu._share(1, 2, None, None, ["another's", "its own"], None, stack)
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

    def kept(*counts, **more):
        phases.append(new_phases(*counts, **more))
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
