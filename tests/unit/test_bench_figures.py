"""The measures at tiny sizes, their processes, and the history of their figures."""

import cProfile
import json
import time

import numpy as np
import pytest

from nodeemb.bench import factorising, machine, measures, peers
from nodeemb.bench.figures import QUICK, Figure, Sizes
from nodeemb.bench.history import append, is_worse, last_value, read_history
from nodeemb.bench.made import made_graph, made_table, write_edges
from nodeemb.bench.measures import MEASURES, rate
from nodeemb.bench.peers import PEERS
from nodeemb.bench.process import measured
from nodeemb.errors import DataRefused, RunFailed, WrongUse
from nodeemb.io.edges import read_edges

TINY = Sizes(60, 300, 90, 400, 500, 50, 20, 4, 0.001, 100)
PARTS = ["pushes", "products", "orthogonal", "other"]
MADE_WITH = {"machine": "here", "nodeemb": "1"}
# starting the program five times takes longer than a unit test should
IN_PROCESS = sorted(set(MEASURES) - {"start", "second_run"})


@pytest.mark.parametrize("name", IN_PROCESS)
def test_a_measure_at_tiny_sizes(name):
    figures = MEASURES[name].run(TINY)
    assert figures[0].name == name
    assert all(np.isfinite(f.value) and f.unit for f in figures)
    # what is left of a part may round to 0, and memory held before may be enough
    least = 0 if "profile" in name or name == "ranks" else 1e-9
    assert all(f.value >= least for f in figures)


def test_the_parts_of_a_profile_are_all_of_the_time():
    whole, *parts, arithmetic = MEASURES["profile_small"].run(TINY)
    assert [f.name.removeprefix("profile_small_") for f in (*parts, arithmetic)] == [
        "sampling", "gather", "products", "sigmoid", "scatter", "grouping", "rest",
        "interpreter", "arithmetic",
    ]  # fmt: skip
    assert sum(f.value for f in parts) == pytest.approx(whole.value, rel=0.2)
    assert 0 < arithmetic.value < whole.value


def test_a_function_counts_for_the_part_of_its_file_by_its_own_time():
    clock = iter(range(100))
    watch = cProfile.Profile(lambda: float(next(clock)))
    rooms = {}
    for file, calls in (("svd.py", ""), ("push.py", "svd()"), ("odd.py", "push()")):
        code = f"def {file[:-3]}():\n    {calls or 'pass'}"
        exec(compile(code, f"/there/{file}", "exec"), rooms)
    watch.runcall(rooms["odd"])
    spent = factorising.shares(watch)
    assert (spent["orthogonal"], spent["products"]) == (1, 0)
    assert (spent["pushes"], sum(spent.values())) == (2, 5 + spent["other"] - 2)


def test_shares_of_factorisations_are_all_of_them():
    whole, *figures = MEASURES["profile_factorisations"].run(TINY)
    names = [f.name.removeprefix("profile_factorisations_") for f in figures]
    assert names[:5] == ["hope", *(f"hope_{p}" for p in PARTS)]
    assert whole.value == pytest.approx(sum(f.value for f in figures[::5]))
    for first in range(0, len(figures), 5):
        shares = [f.value for f in figures[first + 1 : first + 5]]
        assert sum(shares) == pytest.approx(100)
        assert figures[first].name.endswith(factorising.PRESETS[first // 5])


def test_every_measure_says_what_it_is_and_no_name_is_taken_twice():
    assert not MEASURES.keys() & PEERS.keys()
    assert all(len(each.about) > 20 for each in (MEASURES | PEERS).values())
    assert QUICK.large_edges < Sizes().large_edges


def test_steps_are_those_of_the_walks(monkeypatch):
    """Each walk of 80 nodes on a ring is 79 steps; 60 nodes walk ten times."""
    seen = []
    monkeypatch.setattr(measures, "rate", lambda work, _: seen.append(work()) or 5e6)
    [figure] = measures.walks_small(TINY)
    graph = made_graph(TINY.small_nodes, TINY.small_edges)
    alone = int(np.sum((graph.out_degree + graph.in_degree) == 0))
    assert seen == [10 * 79 * (60 - alone)]
    assert figure == Figure("walks_small", 5.0, "M steps/CPU-s", "higher")


def test_a_rate_is_work_over_cpu_seconds_and_the_first_time_is_free():
    clock, calls = [0.0], []

    def work():
        calls.append(0)
        clock[0] += 100.0 if len(calls) == 1 else 0.5
        return 3.0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "process_time", lambda: clock[0])
        assert rate(work, 2.0) == pytest.approx(6.0)
    assert len(calls) == 5


def test_made_files_and_graphs_hold_the_same_links(tmp_path):
    write_edges(tmp_path / "edges", 90, 400)
    read = read_edges(tmp_path / "edges", duplicates="first")
    made = made_graph(90, 400)
    assert read.num_edges == made.num_edges
    pairs = {
        tuple(map(int, line.split()))
        for line in (tmp_path / "edges").read_text().splitlines()
    }
    assert len(pairs) == made.num_edges
    table = made_table(5000, 3)
    assert len(np.unique(table)) > 14_000
    assert abs(table.mean()) < 0.01


def test_a_measure_in_a_process_of_its_own():
    [figure] = measured("walks_small", TINY)
    assert isinstance(figure, Figure)
    assert figure.value > 0


def test_a_process_that_fails_tells_its_last_words():
    with pytest.raises(RunFailed, match=r"walks_small failed: .*DataRefused"):
        measured("walks_small", TINY._replace(small_edges=0))


def test_gensims_pairs_are_those_in_the_window():
    length, window = 13, 4
    near = [
        (i, j) for i in range(length) for j in range(length) if 0 < abs(i - j) <= window
    ]
    assert peers._pairs(length, window) == len(near)
    assert peers._pairs(3, 10) == 6


def test_peers_walk_on_the_same_links_each_once():
    graph = made_graph(TINY.small_nodes, TINY.small_edges)
    ends = zip(graph.sources.tolist(), graph.targets.tolist(), strict=True)
    with peers._links_once(TINY) as path:
        lines = path.read_text().splitlines()
    read = [tuple(map(int, line.split("\t"))) for line in lines]
    assert read == sorted({(min(e), max(e)) for e in ends if e[0] != e[1]})


def test_steps_and_lines_of_peers(monkeypatch):
    monkeypatch.setattr(peers, "rate", lambda work, _: work())
    figure = peers._steps("walker", lambda: [range(80), "ab", [1]], TINY)
    assert figure == Figure("walker", 80e-6, "M steps/CPU-s", "higher")
    clock, read = iter([1.0, 3.0]), []
    monkeypatch.setattr(time, "process_time", lambda: next(clock))
    figure = peers._read("r", lambda path: read.append(len(path.read_text())), TINY)
    assert figure == Figure("r", TINY.read_edges / 2e6, "M edges/CPU-s", "higher")
    assert len(read) == 2


def test_worse_is_a_fifth_in_the_wrong_direction():
    speed, size = Figure("a", 79.0, "x", "higher"), Figure("b", 121.0, "x", "lower")
    assert is_worse(speed, 100.0) and is_worse(size, 100.0)
    assert not is_worse(speed._replace(value=81.0), 100.0)
    assert not is_worse(size._replace(value=119.0), 100.0)
    assert not is_worse(speed, None)


def test_history_grows_and_tells_the_last_of_this_machine(tmp_path):
    path = tmp_path / "bench.jsonl"
    assert read_history(path) == []
    for value, place in ((1.0, "here"), (2.0, "here"), (3.0, "there")):
        figure = Figure("walks", value, "M", "higher")
        append(path, [figure], MADE_WITH | {"machine": place})
    history = read_history(path)
    assert [line["value"] for line in history] == [1.0, 2.0, 3.0]
    assert last_value(history, "walks", "here") == 2.0
    assert last_value(history, "walks", "nowhere") is None
    assert last_value(history, "other", "here") is None
    assert set(history[0]) == {
        "name", "value", "unit", "better", "machine", "nodeemb", "date",
    }  # fmt: skip


def test_a_line_without_its_end_is_not_joined_to_the_next(tmp_path):
    path = tmp_path / "bench.jsonl"
    path.write_text('{"name": "a", "value": 1, "machine": "m"}')
    append(path, [Figure("b", 2.0, "M", "higher")], MADE_WITH)
    assert [line["name"] for line in read_history(path)] == ["a", "b"]


@pytest.mark.parametrize(
    "line",
    [
        '{"name": "a"}',
        '{"name": "a", "value": 1, "mach',
        "[1, 2]",
        '{"name": "a", "value": "fast", "machine": "m"}',
        '{"name": "a", "value": NaN, "machine": "m"}',
        '{"name": 1, "value": 1, "machine": "m"}',
    ],
)
def test_a_broken_history_is_refused_by_line(tmp_path, line):
    path = tmp_path / "bench.jsonl"
    path.write_text('{"name": "a", "value": 1, "machine": "m"}\n' + line + "\n")
    with pytest.raises(DataRefused, match="line 2"):
        read_history(path)


def test_a_history_that_is_no_text_or_no_file(tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataRefused, match="line 1"):
        read_history(tmp_path / "binary")
    with pytest.raises(WrongUse, match="cannot be read"):
        read_history(tmp_path)


def test_what_a_figure_was_made_with(monkeypatch, tmp_path):
    told = machine.made_with()
    assert told["packages"]["numpy"] == np.__version__
    json.dumps(told)
    monkeypatch.setattr(machine, "checkout_folder", lambda: None)
    assert machine.made_with()["commit"] is None
    monkeypatch.setattr(machine, "checkout_folder", lambda: tmp_path)  # no repository
    assert machine.made_with()["commit"] is None
