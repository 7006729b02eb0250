"""A training taken up again ends as if it had never been interrupted, or is refused."""

from __future__ import annotations

import json
import os
import signal
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import planted
import pytest

from nodeemb import run as run_module
from nodeemb.errors import DataRefused, OutOfResources, WrongUse
from nodeemb.evaluation.split import split_edges
from nodeemb.interrupt import asked_to_stop
from nodeemb.recipe import load_recipe, presets
from nodeemb.run import embed
from nodeemb.training import checkpoint as checkpoint_module
from nodeemb.training.backends.cpu import CpuBackend
from nodeemb.training.checkpoint import Checkpoints, read_header, write_checkpoint
from nodeemb.training.state import State

SMALL = {"training.epochs": 3, "training.batch_blocks": 1}


@pytest.fixture
def graph():
    return planted.random_digraph(60, 400, seed=3)


@pytest.fixture(autouse=True)
def step_by_step(monkeypatch):
    """Training may be stopped after every step."""
    monkeypatch.setattr(CpuBackend, "at_once", 1)


def stopped_after(monkeypatch, steps):
    """Makes the next training stop after so many steps."""
    left = steps

    @contextmanager
    def scripted():
        def stop():
            nonlocal left
            left -= 1
            return left == 0

        yield stop

    monkeypatch.setattr(run_module, "asked_to_stop", scripted)


def in_pieces(monkeypatch, graph, steps, path, **choices):
    """Trains, stopped after every so many steps and taken up on 1 and 2 threads in turn."""
    sittings = 0
    while True:
        sittings += 1
        stopped_after(monkeypatch, steps)
        try:
            result = embed(graph, checkpoint=path, threads=1 + sittings % 2, **choices)
            return result, sittings
        except KeyboardInterrupt as error:
            assert str(path) in str(error)


def same(one, other):
    """Equal bits, and the same story but for the clock."""
    np.testing.assert_array_equal(one.table, other.table)
    stories = [
        [{**epoch, "seconds": 0} for epoch in result.manifest["training"]["epochs"]]
        for result in (one, other)
    ]
    assert stories[0] == stories[1]
    for key in ("pairs", "best_epoch", "stopped"):
        assert one.manifest["training"][key] == other.manifest["training"][key]


@pytest.mark.parametrize(
    "preset", [p for p in presets() if load_recipe(p).factorise is None]
)
@pytest.mark.parametrize("steps, at_once", [(1, 1), (7, 1), (2, 3)])
def test_a_run_in_pieces_equals_a_whole_one(
    monkeypatch, tmp_path, graph, preset, steps, at_once
):
    monkeypatch.setattr(CpuBackend, "at_once", at_once)
    few = {"sampler.walks_per_node": 2} if preset in ("deepwalk", "node2vec") else {}
    if preset in planted.TEXT:
        few = {"sampler.piece_length": 8, "training.block_rows": 16}
    choices = {"preset": preset, "dim": 4, "seed": 5, "options": {**SMALL, **few}}
    graph = planted.suited(graph, preset)
    whole = embed(graph, threads=1, **choices)
    result, sittings = in_pieces(monkeypatch, graph, steps, tmp_path / "c", **choices)
    assert sittings >= 2
    same(result, whole)
    assert result.manifest["training"]["resumed"] == sittings - 1


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
def test_with_validation_the_best_epoch_is_the_same(
    monkeypatch, tmp_path, graph, steps
):
    split = split_edges(graph, test=0.1, validation=0.2, seed=0)
    choices = {
        "preset": "line2",
        "dim": 4,
        "validation": split,
        "options": {
            "training.epochs": 9,
            "training.patience": 2,
            "training.learning_rate": 1.0,
            "training.block_pairs": 64,
            "training.batch_blocks": 1,
        },
    }
    whole = embed(split.train, **choices)
    assert whole.manifest["training"]["stopped"].startswith("no better epoch")
    result, _ = in_pieces(monkeypatch, split.train, steps, tmp_path / "c", **choices)
    same(result, whole)


@pytest.mark.parametrize("scheme", ["source_target", "learned_form"])
@pytest.mark.parametrize("backend", ["torch", "reference"])
def test_other_backends(monkeypatch, tmp_path, graph, backend, scheme):
    options = {**SMALL, "roles.scheme": scheme, "roles.biases": "free"}
    choices = {"preset": "nerd", "dim": 4, "backend": backend, "options": options}
    whole = embed(graph, **choices)
    same(in_pieces(monkeypatch, graph, 4, tmp_path / "c", **choices)[0], whole)


def test_a_core_of_the_best_epoch_is_kept(monkeypatch, tmp_path, graph):
    split = split_edges(graph, test=0.1, validation=0.2, seed=0)
    some = {"training.learning_rate": 1.0, "training.block_pairs": 64}
    form = {"roles.scheme": "learned_form", "training.epochs": 9}
    options = {**SMALL, **some, **form, "training.patience": 2}
    choices = {"preset": "line2", "dim": 4, "validation": split, "options": options}
    whole = embed(split.train, **choices)
    told = whole.manifest["training"]
    assert told["best_epoch"] < len(told["epochs"])
    result, _ = in_pieces(monkeypatch, split.train, 3, tmp_path / "c", **choices)
    same(result, whole)


@pytest.mark.parametrize(("rate", "steps"), [(1.0, 3), (3.0, 3), (10.0, 1)])
def test_a_diverging_run_keeps_the_same_tables(
    monkeypatch, tmp_path, graph, rate, steps
):
    wild = {
        "objective.kind": "squared",
        "noise.per_pair": 0,
        "training.optimizer": "sgd",
        "training.learning_rate": rate,
        "training.epochs": 200,
        "training.block_pairs": 8,
        "training.batch_blocks": 1,
    }
    tables = []
    for often, name in ((10**9, "whole"), (steps, "pieces")):
        with pytest.raises(run_module.Diverged) as caught:
            in_pieces(
                monkeypatch, graph, often, tmp_path / name,
                preset="line2", dim=4, options=wild,
            )  # fmt: skip
        tables.append(caught.value.embedding.table)
    np.testing.assert_array_equal(*tables)


def test_a_finished_run_is_finished_again_from_its_last_checkpoint(tmp_path, graph):
    path = Checkpoints(tmp_path / "c", minutes=1e-9)
    first = embed(graph, "nerd", dim=4, options=SMALL, checkpoint=path)
    assert read_header(path.path).state.epoch == 2
    same(embed(graph, "nerd", dim=4, options=SMALL, checkpoint=path), first)


def test_checkpoints_are_written_by_the_clock(monkeypatch, tmp_path, graph):
    now, written = 0.0, []
    monkeypatch.setattr(checkpoint_module.time, "monotonic", lambda: now)
    real = write_checkpoint

    def counting(path, run, about, state, tables):
        written.append((state.epoch, state.step))
        real(path, run, about, state, tables)

    monkeypatch.setattr(checkpoint_module, "write_checkpoint", counting)

    def progress(_):
        nonlocal now
        now += 60

    options = {**SMALL, "training.block_pairs": 16}
    embed(
        graph, "line2", dim=2, options=options, progress=progress,
        checkpoint=Checkpoints(tmp_path / "c", minutes=2.5),
    )  # fmt: skip
    assert len(written) > 3
    assert written == sorted(written)
    assert {step for epoch, step in written if epoch == 0} <= {
        3,
        6,
        9,
        12,
        15,
        18,
        21,
        24,
    }


def test_a_full_disk_does_not_end_training_nor_the_last_checkpoint(
    monkeypatch, tmp_path, graph, caplog
):
    path, real, count = tmp_path / "c", write_checkpoint, 0

    def full(*args):
        nonlocal count
        count += 1
        if count > 2:
            raise OutOfResources("the disk is full")
        real(*args)

    monkeypatch.setattr(checkpoint_module, "write_checkpoint", full)
    kept = Checkpoints(path, minutes=1e-9)
    result = embed(graph, "nerd", dim=4, options=SMALL, checkpoint=kept)
    same(result, embed(graph, "nerd", dim=4, options=SMALL))
    assert "no checkpoint: the disk is full" in caplog.text
    assert read_header(path).state.step == 2


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 1}, "seed"),
        ({"dim": 5}, "recipe"),
        ({"preset": "line2"}, "recipe"),
        ({"dtype": "float64"}, "dtype"),
        ({"backend": "reference"}, "backend"),
        ({"graph": planted.random_digraph(60, 400, seed=4)}, "graph"),
    ],
)
def test_another_run_is_refused(monkeypatch, tmp_path, graph, change, named):
    choices = {"graph": graph, "preset": "nerd", "dim": 4, "options": SMALL}
    stopped_after(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        embed(**choices, checkpoint=tmp_path / "c")
    before = (tmp_path / "c").read_bytes()
    with pytest.raises(WrongUse, match=f"of another run: .*{named}"):
        embed(**{**choices, **change}, checkpoint=tmp_path / "c")
    assert (tmp_path / "c").read_bytes() == before


@pytest.fixture
def kept(monkeypatch, tmp_path, graph):
    """A checkpoint of the second epoch, and how to go on with it."""
    choices = {"preset": "nerd", "dim": 2, "options": SMALL}
    stopped_after(monkeypatch, 50)
    with pytest.raises(KeyboardInterrupt):
        embed(graph, **choices, checkpoint=tmp_path / "c")
    monkeypatch.undo()
    assert read_header(tmp_path / "c").state.epoch > 0
    return tmp_path / "c", lambda: embed(graph, **choices, checkpoint=tmp_path / "c")


def test_a_torn_file_is_never_read_as_good(kept):
    path, again = kept
    whole = path.read_bytes()
    for length in [*range(0, len(whole), 97), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(DataRefused):
            again()
    path.write_bytes(whole + b"\0")
    with pytest.raises(DataRefused):
        again()


def test_a_changed_number_is_noticed(kept):
    path, again = kept
    whole = path.read_bytes()
    for at in range(read_header(path).begin, len(whole), 131):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        with pytest.raises(DataRefused, match="not those that were written"):
            again()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda h: h.pop("__metadata__"), "no checkpoint"),
        (lambda h: h["__metadata__"].update(kind="other"), "no checkpoint"),
        (lambda h: h["__metadata__"].update(format="2"), "format is 2"),
        (lambda h: h["__metadata__"].update(state="{}"), "no checkpoint"),
        (lambda h: h["__metadata__"].update(run="[" * 10**5), "damaged"),
        (lambda h: h["table"].update(shape=[10**12, 4]), "damaged"),
        (lambda h: h["table"].update(shape=[-60, -4]), "damaged"),
        (lambda h: h["table"].update(dtype="F64"), "damaged"),
        (lambda h: h["table"].update(dtype="I8"), "damaged"),
        (lambda h: h["table"].update(dtype="F16"), "no checkpoint"),
        (lambda h: h["squares"].update(data_offsets=[0, 480]), "damaged"),
        (lambda h: h.update(squares=h["table"]), "damaged"),
        (lambda h: h.pop("table"), "damaged"),
    ],
)
def test_a_lying_header_is_refused(kept, change, told):
    path, again = kept
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + whole[8 + length :])
    with pytest.raises(DataRefused, match=told):
        again()


def test_a_checkpoint_is_a_safetensors_file(kept, graph):
    from safetensors.numpy import load_file

    arrays = load_file(kept[0])
    assert set(arrays) == {"table", "squares", "good"}
    assert arrays["table"].shape == (graph.num_nodes, 4)


def test_the_place_of_a_checkpoint(tmp_path, graph):
    with pytest.raises(WrongUse, match="there is no folder"):
        write_checkpoint(tmp_path / "no" / "c", {}, {}, State(), None)
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataRefused, match="cannot read it"):
        embed(graph, "nerd", dim=4, checkpoint=tmp_path / "folder")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_a_question_and_the_second_an_order(number):
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), asked_to_stop() as stop:
        assert not stop()
        os.kill(os.getpid(), number)
        assert stop()
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_no_file_is_left_beside_a_checkpoint(kept):
    assert [path.name for path in Path(kept[0]).parent.iterdir()] == ["c"]
