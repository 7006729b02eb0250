"""`nodeemb graph` makes a file that every command for graphs takes."""

from __future__ import annotations

from pathlib import Path

import pytest

import nodeemb as ne


@pytest.fixture
def saved(nodeemb, edges):
    done = nodeemb("graph", edges, "--out", "g.graph")
    assert done.exit_code == 0, done.output
    assert "nodes            40" in done.stdout
    assert "nodeemb embed g.graph" in done.stderr
    return "g.graph"


SMALL = ("--preset", "line2", "--dim", 2, "--set", "training.epochs=1", "-q")


def test_it_is_embedded_as_the_text_is(nodeemb, edges, saved):
    for name, run in ((edges, "text"), (saved, "saved")):
        made = nodeemb("embed", name, *SMALL, "--out", run)
        assert made.exit_code == 0, made.output
    one, two = ne.load("text"), ne.load("saved")
    assert (one.table == two.table).all() and one.graph_hash == two.graph_hash
    again = nodeemb("embed", "--config", "saved/config.yaml", "--out", "again", "-q")
    assert again.exit_code == 0, again.output


def test_every_command_for_graphs_takes_it(nodeemb, saved):
    looked = nodeemb("inspect", saved)
    assert looked.exit_code == 0 and "nodes            40" in looked.stdout
    told = nodeemb("estimate", saved, "--preset", "line2", "--dim", 4)
    assert told.exit_code == 0 and "40 nodes" in told.stderr + told.stdout
    assert nodeemb("config", "show", saved, "--preset", "line2").exit_code == 0
    again = nodeemb("graph", saved, "--out", "2.graph", "-q")
    assert again.exit_code == 0
    assert Path("2.graph").read_bytes() == Path(saved).read_bytes()


def test_edges_joined_when_it_was_saved_need_no_rule_again(nodeemb, refused, here):
    Path("e.tsv").write_text("a\tb\na\tb\nb\tc\n")
    rule = ("--duplicates", "sum")
    assert nodeemb("graph", "e.tsv", *rule, "--out", "e.graph").exit_code == 0
    told = nodeemb("inspect", "e.graph")
    assert told.exit_code == 0 and "say what its duplicates mean" not in told.stderr
    assert "no edge twice" in refused(2, "inspect", "e.graph", *rule)


def test_signs_are_there_without_naming_their_column(nodeemb, here):
    Path("s.tsv").write_text(
        "".join(
            f"{u} {(u * 7 + k) % 40} {1 - 2 * (k % 2)}\n"
            for u in range(40)
            for k in (1, 2, 3)
        )
    )
    made = nodeemb("graph", "s.tsv", "--sign", 2, "--out", "s.graph", "-q")
    assert made.exit_code == 0, made.output
    graph = ne.load_graph("s.graph")
    assert graph.sign is not None and graph.report.negative == 80
    assert "negative edges" in nodeemb("inspect", "s.graph").stdout


def test_what_cannot_be_meant_is_refused(nodeemb, refused, edges, saved):
    assert "exists" in refused(2, "graph", edges, "--out", saved)
    assert "no folder" in refused(2, "graph", edges, "--out", "none/g")
    assert "columns" in refused(2, "inspect", saved, "--weight", 2)
    assert "delimiter" in refused(2, "embed", saved, "--delimiter", ",")
    Path("cut").write_bytes(Path(saved).read_bytes()[:-1])
    assert "damaged" in refused(3, "embed", "cut")
    assert "damaged" in refused(3, "estimate", "cut")
