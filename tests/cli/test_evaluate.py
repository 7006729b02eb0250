"""`nodeemb evaluate`: the comparison it runs, the folder it writes, what changes it."""

import json
from pathlib import Path

import pytest

ARMS = [
    "single, tied biases",
    "single, free biases",
    "signature, tied biases",
    "signature, free biases",
    "source_target, free biases",
    "partial, free biases",
]
QUICK = ("--width", "8", "--set", "training.epochs=1")


def report_of(folder):
    return json.loads(Path(folder, "report.json").read_text())


def models_of(folder):
    rows = report_of(folder)["rows"]
    return list(dict.fromkeys(row["scorer"] for row in rows if row["kind"] == "model"))


def test_without_a_choice_it_compares_role_schemes(nodeemb, edges):
    result = nodeemb("evaluate", edges, *QUICK, "--out", "run")
    assert result.exit_code == 0, result.output
    assert models_of("run") == ARMS
    kinds = list(report_of("run")["facts"]["negatives"])
    assert kinds == ["uniform", "reversed", "degree"]
    for name in [*ARMS, "degree sum", "potential difference"]:
        assert name in result.stdout
    assert (
        result.stdout.split("\n\nDone in")[0] + "\n"
        == Path("run/report.txt").read_text()
    )
    assert "Models    single, tied biases   width 8" in result.stderr


def test_the_folder_holds_a_page_that_needs_nothing_else(nodeemb, edges):
    nodeemb("evaluate", edges, *QUICK, "--out", "run")
    assert sorted(path.name for path in Path("run").iterdir()) == [
        "config.yaml",
        "graph-report.json",
        "manifest.json",
        "metrics.jsonl",
        "report.html",
        "report.json",
        "report.txt",
    ]
    page = Path("run/report.html").read_text()
    assert "<svg" in page
    assert "read from edges.tsv" in page
    assert "<script" not in page
    assert 'src="http' not in page


def test_the_config_repeats_the_evaluation(nodeemb, edges):
    args = ("--negatives", "uniform", "--seed", "3", "--test", "0.4")
    nodeemb("evaluate", edges, "--preset", "line2", *QUICK, *args, "--out", "one")
    again = nodeemb("evaluate", "--config", "one/config.yaml", "--out", "two")
    assert again.exit_code == 0, again.output
    assert report_of("one") == report_of("two")
    assert Path("one/config.yaml").read_text() == Path("two/config.yaml").read_text()


def test_presets_schemes_and_biases_multiply(nodeemb, edges):
    presets = ("--preset", "line2", "--preset", "line1")
    roles = ("--scheme", "single", "--scheme", "partial", "--biases", "none")
    result = nodeemb("evaluate", edges, *presets, *roles, *QUICK, "--out", "run")
    assert result.exit_code == 0, result.output
    assert models_of("run") == [
        "line2, single, no biases",
        "line2, partial, no biases",
        "line1, single, no biases",
        "line1, partial, no biases",
    ]


def test_seeds_are_repetitions_and_the_spread_is_told(nodeemb, edges):
    seeds = ("--seed", "1", "--seed", "2", "--preset", "line2")
    result = nodeemb("evaluate", edges, *seeds, *QUICK, "--out", "run")
    assert report_of("run")["facts"]["seeds"] == [1, 2]
    assert "mean ± standard deviation of 2 runs" in result.stdout


def test_validation_chooses_the_epoch(nodeemb, edges):
    args = ("--preset", "line2", "--width", "8", "--set", "training.epochs=4")
    nodeemb("evaluate", edges, *args, "--validation", "0.1", "--out", "run")
    lines = map(json.loads, Path("run/metrics.jsonl").read_text().splitlines())
    best = max(lines, key=lambda line: line["validation"])["number"]
    arm = json.loads(Path("run/manifest.json").read_text())["arms"][0]
    assert arm["best_epoch"] == best


def test_an_undirected_graph_is_not_asked_for_direction(nodeemb, edges):
    result = nodeemb("evaluate", edges, "--undirected", *QUICK, "--out", "run")
    assert result.exit_code == 0, result.output
    assert list(report_of("run")["facts"]["negatives"]) == ["uniform", "degree"]


def test_quiet_shows_the_result_only(nodeemb, edges):
    result = nodeemb(
        "evaluate", edges, "--preset", "line2", *QUICK, "-q", "--out", "run"
    )
    assert result.stderr == ""
    assert result.stdout.startswith("test edges")


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--preset", "line2", "--config", "x.yaml"], "both say what to compare"),
        (["--scheme", "singel"], "Did you mean single?"),
        (["--biases", "fre"], "'none', 'tied' or 'free'"),
        (["--negatives", "unform"], "Did you mean uniform?"),
        (["--width", "0"], "greater than or equal to 1"),
        (["--width", "7", "--scheme", "source_target"], "width 7 cannot be shared out"),
        (["--seed", "1", "--seed", "1"], "the seed 1 comes twice"),
        (["--test", "1"], "less than 1"),
        (["--set", "roles.dim=3"], "--width"),
    ],
)
def test_wrong_use_is_told_and_leaves_nothing(refused, edges, args, told):
    assert told in refused(2, "evaluate", edges, *args)


def test_an_arm_that_diverges_is_named_and_nothing_is_left(refused, edges):
    Path("bad.yaml").write_text(
        "name: bad\ntitle: bad\nwidth: 4\narms:\n"
        "  - name: fine\n    preset: line2\n    recipe: {training: {epochs: 1}}\n"
        "  - name: wild\n    preset: line2\n    recipe:\n"
        "      objective: {kind: squared}\n      noise: {per_pair: 0}\n"
        "      training: {optimizer: sgd, learning_rate: 100.0, epochs: 200}\n"
    )
    told = refused(1, "evaluate", edges, "--config", "bad.yaml")
    assert 'arm "wild": the loss became non-finite' in told
