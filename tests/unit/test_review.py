"""Faults that a reading with fresh eyes found, each with a test that fails without its cure."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

import nodeemb
from nodeemb.cli.app import app
from nodeemb.comparison import arm_recipe, load_comparison
from nodeemb.embedding.embedding import Embedding, load
from nodeemb.errors import DataRefused, RunFailed, WrongUse
from nodeemb.evaluation.split import split_edges
from nodeemb.graph.graph import Graph
from nodeemb.io.folders import check_new_folder, new_folder
from nodeemb.recipe import load_recipe
from nodeemb.role_table import role_rows
from nodeemb.roles.scheme import RoleScheme
from nodeemb.roles.schemes import SCHEMES
from nodeemb.run import embed
from nodeemb.settings import Input


def test_the_public_names_are_these():
    assert nodeemb.__all__ == [
        "Corpus",
        "Embedding",
        "Graph",
        "RoleScheme",
        "corpus_of",
        "diagnose",
        "embed",
        "errors",
        "evaluate_links",
        "evaluate_protocol",
        "evaluate_signs",
        "evaluate_words",
        "load",
        "load_graph",
        "presets",
        "protocol_split",
        "rank_links",
        "read_corpus",
        "read_edges",
        "save_graph",
        "split_edges",
    ]
    assert all(hasattr(nodeemb, name) for name in nodeemb.__all__)


@pytest.mark.parametrize(
    "code",
    ["import nodeemb", "from nodeemb.cli.app import app; app(['embed', '--help'])"],
)
def test_importing_and_asking_for_help_load_nothing_heavy(code):
    heavy = "numba torch torch_geometric networkx sklearn pyarrow scipy"
    after = f"import sys; print('HEAVY', sys.modules.keys() & set({heavy!r}.split()))"
    program = f"try:\n    {code}\nexcept SystemExit:\n    pass\n{after}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "HEAVY set()"


def ring() -> Graph:
    return Graph.from_edges(list("abcde"), list("bcdea"))


# ---- folders ----------------------------------------------------------------------


def test_a_folder_name_that_is_too_long_is_refused_before_any_work(tmp_path):
    with pytest.raises(WrongUse, match="cannot be made"):
        check_new_folder(tmp_path / ("x" * 300))


def test_the_longest_name_that_the_system_takes_is_taken(tmp_path):
    longest = tmp_path / ("x" * os.pathconf(tmp_path, "PC_NAME_MAX"))
    with new_folder(longest):
        pass
    assert longest.is_dir()


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no /proc")  # noqa: PTH112
def test_a_folder_that_the_system_refuses_is_told_without_a_traceback():
    with (
        pytest.raises((RunFailed, WrongUse), match="made"),
        new_folder("/proc/nodeemb"),
    ):
        pass


@pytest.mark.parametrize("name", ["x" * 300, "a/" * 3000])
def test_a_name_that_no_system_takes_is_refused_and_not_a_traceback(name):
    with pytest.raises(WrongUse, match="there is no file"):
        Input(name=name).read()
    with pytest.raises(DataRefused, match="not a folder"):
        load(name)


# ---- values of a wrong kind -------------------------------------------------------


def test_a_weight_beyond_single_precision_is_called_that():
    with pytest.raises(DataRefused, match=r"single precision.*1e-45 to 3\.4e38"):
        Graph.from_edges([0], [1], weight=[1e39])


def test_a_weight_beyond_every_float_is_refused():
    with pytest.raises(DataRefused, match="too large"):
        Graph.from_edges([0], [1], weight=[10**400])


@pytest.mark.parametrize(("test", "validation"), [("0.5", 0.0), (0.5, None)])
def test_a_share_that_is_no_number_is_refused(test, validation):
    with pytest.raises(WrongUse, match="A share"):
        split_edges(ring(), test, validation)


def test_a_topn_that_is_no_whole_number_is_refused():
    scheme = SCHEMES["single"]
    graph = ring()
    embedding = Embedding(graph.ids, np.ones((5, 2), np.float32), scheme, 2)
    with pytest.raises(WrongUse, match=r"topn is 1\.5"):
        embedding.most_similar("a", topn=1.5)


@pytest.mark.parametrize("seed", ["1", 1.5, None, True])
def test_a_seed_of_a_split_is_a_whole_number_as_elsewhere(seed):
    with pytest.raises(WrongUse, match="A whole number"):
        split_edges(ring(), 0.4, seed=seed)


def test_a_split_needs_a_graph():
    with pytest.raises(WrongUse, match=r"A nodeemb\.Graph"):
        split_edges([("a", "b")], 0.4)


def test_validation_without_negatives_is_refused_and_not_a_mean_of_nothing():
    split = split_edges(ring(), 0.2, 0.2)
    once = {"training.epochs": 1}
    with pytest.raises(WrongUse, match="needs negatives"):
        embed(split.train, "line2", validation=split, validation_negatives=())
    with pytest.raises(WrongUse, match="What split_edges returned"):
        embed(split.train, "line2", validation=0.1)
    named = embed(
        split.train,
        "line2",
        dim=1,
        options=once,
        validation=split,
        validation_negatives="uniform",
    )
    assert named.manifest["training"]["epochs"][0]["validation"] is not None


# ---- schemes and recipes ----------------------------------------------------------


def test_a_channel_that_nothing_trains_is_refused():
    channels = {"link": {"terms": "node.node", "labels": {}}}
    with pytest.raises(WrongUse, match="no kind of pair trains channel link"):
        RoleScheme(name="idle", roles={"node": 1.0}, channels=channels)


@pytest.mark.parametrize("sides", ["after", "before"])
def test_left_and_right_contexts_need_a_window_on_both_sides(sides):
    """Else one channel keeps its random vectors without a word."""
    with pytest.raises(WrongUse, match="on the left and on the right"):
        load_recipe(
            "app", overrides={"roles.scheme": "four_side", "stencil.sides": sides}
        )


def test_a_fault_in_a_scheme_file_names_the_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text('name: x\nroles: {a: 1}\nchannels: {l: {terms: "a.b"}}\n')
    with pytest.raises(WrongUse) as caught:
        load_recipe("line2", overrides={"roles.scheme": str(path)})
    assert caught.value.where == str(path)


# ---- what is told of a run --------------------------------------------------------


STAR = Graph.from_edges(["hub"] * 3, ["a", "b", "c"])


def walks(sides: str) -> Embedding:
    """Walks along the star: the hub is before each leaf, and nothing is after a leaf."""
    small = {
        "training.epochs": 1,
        "sampler.walks_per_node": 2,
        "sampler.walk_length": 3,
    }
    window = {"stencil.window": 1, "stencil.centres": "all", "stencil.sides": sides}
    return embed(STAR, "app", dim=2, threads=1, options=small | window)


@pytest.mark.parametrize(
    ("sides", "untrained"), [("after", True), ("before", False), ("both", False)]
)
def test_a_sink_is_called_untrained_only_where_nothing_before_it_counts(
    sides, untrained
):
    (note,) = [n for n in walks(sides).manifest["notes"] if "no out-edge" in n]
    assert ("learned from no pair" in note) is untrained


@pytest.mark.parametrize(
    ("sides", "source", "target"), [("after", 1, 3), ("before", 3, 1), ("both", 4, 4)]
)
def test_the_nodes_that_had_a_role_follow_the_side_of_the_window(sides, source, target):
    told = {row.role: row.trained for row in role_rows(walks(sides), STAR)}
    assert told == {"source": source, "target": target}


def test_a_saved_split_is_named_by_the_same_rules_as_every_other_folder(tmp_path):
    split = split_edges(ring(), 0.4)
    with pytest.raises(WrongUse, match="cannot be made"):
        split.save(tmp_path / ("x" * 300))


# ---- comparisons and the command line ---------------------------------------------


@pytest.mark.parametrize(
    ("option", "value", "instead"),
    [
        ("roles.scheme", "single", "--scheme"),
        ("roles.biases", "none", "--biases"),
        ("name", "mine", "--config"),
    ],
)
def test_an_option_never_makes_an_arm_other_than_its_name_says(option, value, instead):
    comparison = load_comparison()
    with pytest.raises(WrongUse, match=instead):
        arm_recipe(comparison, comparison.arms[0], {option: value})


def test_a_value_on_the_command_line_that_is_no_yaml_is_wrong_use(tmp_path):
    path = tmp_path / "edges.txt"
    path.write_text("a b\nb c\n")
    options = ["embed", str(path), "--no-header", "--set", "roles.scheme=a: b"]
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 2
    assert "is no value" in result.output
