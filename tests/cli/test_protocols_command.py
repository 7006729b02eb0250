"""`nodeemb protocols` and `nodeemb evaluate --protocol`: from the list to the page."""

import json
from pathlib import Path

import pytest

from nodeemb.evaluation.columns import COLUMNS
from nodeemb.evaluation.protocols import PROTOCOLS, REFUSED

QUICK = ("--preset", "line2", "--width", "8", "--set", "training.epochs=1")


def test_all_protocols_are_listed_and_so_are_those_refused(nodeemb):
    result = nodeemb("protocols")
    assert result.exit_code == 0
    for name, entry in PROTOCOLS.items():
        assert name in result.stdout and entry.title in result.stdout
    for name, why in REFUSED.items():
        assert f"- {name}: {why.reason}. Instead: {why.instead}" in result.stdout


@pytest.mark.parametrize("name", PROTOCOLS)
def test_one_protocol_is_shown_whole(nodeemb, name):
    entry = PROTOCOLS[name]
    shown = nodeemb("protocols", name).stdout
    for text in (entry.source, entry.rule.told(), *entry.differs, *entry.defects):
        assert text in shown
    for column in entry.columns:
        assert f"- {COLUMNS[column].title}: {COLUMNS[column].asks}" in shown


@pytest.mark.parametrize("name", [n for n, p in PROTOCOLS.items() if p.asks == "links"])
def test_a_protocol_is_followed_from_file_to_page(nodeemb, edges, name):
    result = nodeemb("evaluate", edges, "--protocol", name, *QUICK, "--out", "run")
    assert result.exit_code == 0, result.output
    entry = PROTOCOLS[name]
    table = Path("run/report.txt").read_text()
    assert result.stdout.split("\n\nDone in")[0] + "\n" == table
    assert f"protocol {name}: {entry.title}" in result.stderr
    page = Path("run/report.html").read_text()
    for text in (name, entry.title, *entry.defects, "degree sum", "line2"):
        assert text in table and text in page
    found = json.loads(Path("run/report.json").read_text())
    assert found["protocol"] == found["facts"]["split"]["protocol"] == name
    asked = {row["column"] for row in found["rows"] if row["scorer"] == "line2"}
    assert asked == set(entry.columns)
    assert "<script" not in page and 'src="http' not in page


def test_the_config_repeats_it_and_seeds_are_merged(nodeemb, edges):
    args = ("--protocol", "magnet", "--seed", "1", "--seed", "2")
    nodeemb("evaluate", edges, *args, *QUICK, "--out", "one")
    again = nodeemb("evaluate", "--config", "one/config.yaml", "--out", "two")
    assert again.exit_code == 0, again.output
    one, two = (Path(run, "report.json").read_text() for run in ("one", "two"))
    assert one == two
    assert json.loads(one)["facts"]["seeds"] == [1, 2]
    assert "protocol: magnet" in Path("one/config.yaml").read_text()
    assert "of 2 runs" in again.stdout


def test_schemes_can_be_compared_by_a_protocol(nodeemb, edges):
    roles = ("--scheme", "single", "--scheme", "source_target", "--biases", "none")
    args = ("--protocol", "strap", *QUICK, *roles, "--out", "run")
    result = nodeemb("evaluate", edges, *args)
    assert result.exit_code == 0, result.output
    rows = json.loads(Path("run/report.json").read_text())["rows"]
    models = {row["scorer"] for row in rows if row["kind"] == "model"}
    assert models == {"line2, single, no biases", "line2, source_target, no biases"}


def test_validation_links_of_the_protocol_choose_the_epoch(nodeemb, edges):
    args = ("--protocol", "magnet", "--preset", "line2", "--width", "8")
    nodeemb("evaluate", edges, *args, "--set", "training.epochs=3", "--out", "run")
    lines = map(json.loads, Path("run/metrics.jsonl").read_text().splitlines())
    best = max(lines, key=lambda line: line["validation"])["number"]
    arm = json.loads(Path("run/manifest.json").read_text())["arms"][0]
    assert arm["best_epoch"] == best


@pytest.mark.parametrize(
    ("args", "code", "told"),
    [
        (["--protocol", "nred"], 2, "Did you mean nerd?"),
        (["--protocol", "odin_ap"], 2, "is refused"),
        (["--protocol", "nerd", "--test", "0.2"], 2, "which links are hidden"),
        (["--protocol", "nerd", "--validation", "0.2"], 2, "which links are hidden"),
        (["--protocol", "nerd", "--negatives", "uniform"], 2, "which negatives"),
        (["--protocol", "gravity_biased", "--undirected"], 3, "is undirected"),
    ],
)
def test_what_cannot_be_followed_is_told(nodeemb, edges, args, code, told):
    result = nodeemb("evaluate", edges, *args, *QUICK, "--out", "run")
    assert result.exit_code == code, result.output
    assert told in result.stderr
    assert not Path("run").exists()
    if args[-1] in ("nred", "odin_ap"):
        assert nodeemb("protocols", args[-1]).exit_code == 2


@pytest.fixture
def labels(edges):
    """Every second of the 40 nodes in one class."""
    lines = (f"n{row}\t{'even' if row % 2 == 0 else 'odd'}\n" for row in range(40))
    Path("labels.tsv").write_text("node\tclass\n" + "".join(lines))
    return "labels.tsv"


def test_nodes_are_classified_from_files(nodeemb, edges, labels):
    args = ("--protocol", "nodes", "--labels", labels, "--role", "source")
    result = nodeemb("evaluate", edges, *args, *QUICK, "--out", "run")
    assert result.exit_code == 0, result.output
    assert "Micro F1" in result.stdout and "vectors: source" in result.stdout
    page = Path("run/report.html").read_text()
    assert "<h2>Macro F1</h2>" in page and "most frequent classes" in page
    again = nodeemb("evaluate", "--config", "run/config.yaml", "--out", "two")
    assert again.exit_code == 0, again.output
    one, two = (Path(run, "report.json").read_text() for run in ("run", "two"))
    assert one == two


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--protocol", "nodes"], "--labels FILE"),
        (
            ["--protocol", "nodes", "--labels", "labels.tsv", "--role", "sorce"],
            "source",
        ),
        (["--protocol", "nerd", "--labels", "labels.tsv"], "for the protocol nodes"),
        (["--role", "source"], "for the protocol nodes"),
    ],
)
def test_labels_and_roles_go_with_nodes(refused, edges, labels, args, told):
    assert told in refused(2, "evaluate", edges, *args, *QUICK, "--out", "run")
