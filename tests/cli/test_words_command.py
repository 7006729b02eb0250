"""`nodeemb evaluate RUN --task words` and `nodeemb analogy`."""

import json
from pathlib import Path

import pytest

import nodeemb as ne
from nodeemb.cli import analogy as command
from nodeemb.evaluation.word_query import parse_expression, solve
from nodeemb.evaluation.words import evaluate_words

QUICK = ("--preset", "line2", "--dim", "4", "--set", "training.epochs=2", "-q")


@pytest.fixture
def run(nodeemb, edges):
    """A run on the small graph, whose nodes are words n0, n1, ..."""
    assert nodeemb("embed", edges, *QUICK, "--out", "run").exit_code == 0
    return "run"


@pytest.fixture
def pairs(here):
    """A set of the user's own; one of its words is unknown."""
    lines = [(f"n{i}", f"N{(i * 7 + 1) % 41}", i % 5) for i in range(40)]
    Path("mine.tsv").write_text("".join(f"{u}\t{v}\t{x}\n" for u, v, x in lines))
    return "mine.tsv"


def words(run, *args):
    return ("evaluate", run, "--task", "words", *args)


def test_the_table_is_that_of_the_report(nodeemb, run, pairs):
    result = nodeemb(*words(run, "--set", pairs, "--set", f"directed:{pairs}"))
    assert result.exit_code == 0, result.output
    graph = ne.read_edges("edges.tsv")
    degrees = {
        n: graph.out_degree[i] + graph.in_degree[i] for i, n in enumerate(graph.ids)
    }
    report = evaluate_words(
        ne.load("run"),
        [pairs, f"directed:{pairs}"],
        counts=degrees,
        counted="degrees in the run's graph",
    )
    assert result.stdout == report.table() + "\n"
    assert "Readout in (4 numbers)" in result.stdout
    assert len(report.rows) == 3 and report.rows[0].frequency is not None


def test_options_reach_the_evaluation(nodeemb, run, pairs):
    Path("counts.txt").write_text("".join(f"n{i} {i}\n" for i in range(40)))
    result = nodeemb(
        *words(run, "--set", f"directed:{pairs}", "--readout", "concat"),
        *("--vocabulary", "17", "--counts", "counts.txt", "--json"),
    )
    found = json.loads(result.stdout)
    assert found["facts"]["readout"] == "concat"
    assert found["facts"]["length"] == 8
    assert found["facts"]["vocabulary"] == 17
    assert found["facts"]["counts"] == "counts.txt"
    counts = {f"n{i}": i for i in range(40)}
    report = evaluate_words(
        ne.load("run"), [f"directed:{pairs}"], readout="concat", counts=counts
    )
    assert found["rows"] == json.loads(json.dumps(report.as_dict()["rows"]))


def test_cosines_of_canonical_vectors(nodeemb, refused, run, pairs):
    plain, turned = (
        json.loads(nodeemb(*words(run, "--set", pairs, "--json", *more)).stdout)
        for more in ((), ("--canonical",))
    )
    report = evaluate_words(ne.load("run").canonical(), [pairs])
    assert turned["rows"][0]["value"] == pytest.approx(report.rows[0].value)
    assert turned["rows"][0]["value"] != pytest.approx(plain["rows"][0]["value"])
    said = refused(2, "evaluate", "edges.tsv", "--canonical")
    assert "--canonical has no meaning with --task links" in said


def test_without_the_graph_there_is_no_frequency_baseline(nodeemb, run, pairs):
    Path("edges.tsv").unlink()
    result = nodeemb(*words(run, "--set", pairs))
    assert result.exit_code == 0
    assert "no word counts from what was trained on" in result.stderr
    assert "no frequency baseline" in result.stdout
    ne.load("run").save("saved")
    result = nodeemb(*words("saved", "--set", pairs))
    assert result.exit_code == 0 and not result.stderr
    assert "no frequency baseline" in result.stdout


def test_options_of_the_other_task_are_refused(refused, run, pairs):
    said = refused(2, *words(run, "--preset", "nerd"))
    assert "--preset has no meaning with --task words" in said
    assert "It belongs to --task links" in said
    said = refused(2, "evaluate", "edges.tsv", "--readout", "out")
    assert "--readout has no meaning with --task links" in said
    assert "Did you mean words" in refused(2, "evaluate", run, "--task", "word")
    assert "no run is named" in refused(2, "evaluate", "--task", "words")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("n1\tn2\n", "line 1"),
        ("n1\tn2\t1\nn2\tn3\tmuch\n", '"much" is no number'),
        ("", "there is no pair"),
        ("x\ty\t1\n", "no question of bad.tsv"),
    ],
)
def test_bad_files_are_refused(refused, run, content, told):
    Path("bad.tsv").write_text(content)
    assert told in refused(3, *words(run, "--set", "bad.tsv"))


def test_an_unknown_set_or_readout_is_told(refused, run):
    assert "Did you mean simlex-999" in refused(2, *words(run, "--set", "simlex999"))
    said = refused(2, *words(run, "--set", "ws-353", "--readout", "inn"))
    assert "Did you mean in?" in said


# ---- analogy --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked", [("n5 - n3 + N9",), ("n5", "-", "n3", "+", "N9"), ("n5 -", "n3 + N9")]
)
def test_an_analogy_is_that_of_the_embedding(nodeemb, run, asked):
    for options in ({}, {"readout": "concat"}, {"readout": "out", "multiply": True}):
        flags = ["--readout", options["readout"]] if "readout" in options else []
        flags += ["--mul"] * ("multiply" in options)
        result = nodeemb("analogy", run, *asked, *flags, "--top", "3")
        assert result.exit_code == 0, result.output
        expected = solve(
            ne.load("run"), parse_expression("n5 - n3 + n9"), topn=3, **options
        )
        assert result.stdout == "".join(f"{w}\t{x:.6g}\n" for w, x in expected)


def test_an_analogy_in_a_terminal_is_a_table(nodeemb, run, monkeypatch):
    monkeypatch.setattr(command, "_is_terminal", lambda: True)
    lines = nodeemb("analogy", run, "n5 + n3", "--top", "2", "--role", "target").stdout
    assert lines.splitlines()[0].split() == ["n5", "+", "n3", "3CosAdd"]
    assert len(lines.splitlines()) == 3


def test_analogies_that_cannot_be_asked_are_told(refused, run):
    said = refused(3, "analogy", run, "n5 - n3 + n999")
    assert '"n999" is none of the 40 words' in said and "Close: " in said
    assert "no + or - before" in refused(2, "analogy", run, "n5", "n3")
    assert "Put blanks" in refused(2, "analogy", run, "n5-n3+n9")
    assert "two words are named" in refused(2, "analogy", run, "n5")
    assert "no role" in refused(2, "analogy", run, "n5 + n3", "--readout", "source_")
