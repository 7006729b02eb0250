"""The page: whole, escaped, self-contained, and its sentences follow the numbers."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from nodeemb.errors import WrongUse
from nodeemb.evaluation.link_report import LABELS, ONE_WAY, LinkReport, Row, merge
from nodeemb.evaluation.links import evaluate_links
from nodeemb.evaluation.negatives import NEGATIVES
from nodeemb.evaluation.report import write_html
from nodeemb.evaluation.report_plots import dot_plot
from nodeemb.evaluation.report_words import (
    direction_check,
    summary,
    told,
    unseen,
    verdict,
)
from nodeemb.evaluation.split import split_edges
from nodeemb.graph.graph import Graph

VOID = {"meta", "br", "line", "circle"}


class _Judge(HTMLParser):
    """Checks that tags close in order, and gathers text and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)


def _judged(page: str) -> _Judge:
    judge = _Judge()
    judge.feed(page)
    assert judge.open == []
    return judge


def _graph(directed: bool = True) -> Graph:
    rng = np.random.default_rng(0)
    return Graph.from_edges(
        rng.integers(0, 60, 400),
        rng.integers(0, 60, 400),
        num_nodes=60,
        directed=directed,
        duplicates="first",
    )


def _models():
    return {
        '<b>bold</b> & "quoted"': lambda s, t: (t - s).astype(float),
        "same both ways": lambda s, t: (t + s).astype(float),
    }


def _report(directed: bool = True, seed: int = 0, **options) -> LinkReport:
    split = split_edges(_graph(directed), 0.3, seed=seed)
    return evaluate_links(_models(), split, seed=seed, **options)


@pytest.fixture(scope="module")
def report() -> LinkReport:
    return _report(
        negatives=["uniform", "reversed:50", "reversed", "degree", "two_hop"]
    )


def _written(report, tmp_path, **options) -> str:
    options.setdefault("title", "A title")
    return write_html(report, tmp_path / "report.html", **options).read_text("utf-8")


def test_the_page_is_whole_and_needs_nothing_else(report, tmp_path):
    page = _written(report, tmp_path, data="Some data.", repeat=["make demo"])
    judge = _judged(page)
    assert page.startswith("<!doctype html>") and page.endswith("</html>\n")
    assert not {"script", "link", "img", "iframe"} & set(judge.seen)
    assert not {"src", "href"} & {name for name, _ in judge.attributes}
    assert not re.search(r"https?:|url\(|@import|@font-face", page)
    assert ("name", "viewport") in judge.attributes
    assert "prefers-color-scheme: dark" in page
    assert judge.seen.count("svg") > 50


def test_all_text_is_escaped(report, tmp_path):
    evil = "<script>alert('x')</script> & co"
    page = _written(
        report, tmp_path, title=evil, data=evil, notes=[evil], repeat=[evil]
    )
    judge = _judged(page)
    assert "script" not in judge.seen and "b" not in judge.seen
    text = "".join(judge.texts)
    assert text.count(evil) >= 5  # title, heading, data, note, command
    assert text.count('<b>bold</b> & "quoted"') > 5
    assert "<script" not in page and "<b>" not in page


def test_every_number_of_the_first_metric_is_on_the_page(report, tmp_path):
    text = " ".join(_judged(_written(report, tmp_path)).texts)
    for row in report.rows:
        if row.metric in ("auc", "ap", "pair_accuracy"):
            assert f"{row.value:.3f}" in text
    for label in LABELS.values():
        assert label in text
    for fact in (f"{report.facts['graph']['nodes']:,}", report.facts["split"]["hash"]):
        assert fact in text


def test_notes_and_commands_are_optional(report, tmp_path):
    page = _written(report, tmp_path)
    assert "<h2>Notes" not in page and "<pre>" not in page
    (tmp_path / "report.html").unlink()
    page = _written(report, tmp_path, notes=["a note"], repeat=["one", "two"])
    assert "<li>a note</li>" in page and "<pre>one\ntwo</pre>" in page


def test_nothing_is_overwritten(report, tmp_path):
    _written(report, tmp_path)
    with pytest.raises(WrongUse, match="exists"):
        _written(report, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_undirected_graphs_and_merged_runs_have_pages_too(tmp_path):
    page = _written(_report(directed=False, bootstrap=0), tmp_path)
    assert "direction" not in "".join(_judged(page).texts)
    (tmp_path / "report.html").unlink()
    merged = merge([_report(seed=s, bootstrap=5, baselines=False) for s in (0, 1)])
    page = _written(merged, tmp_path)
    assert "means of 2 runs" in page and "±" in page
    _judged(page)


def test_every_kind_of_negatives_is_told():
    for kind in NEGATIVES:
        assert all(told(kind))
    assert "50 %" in told("reversed:50").title


# ---- the plot -----------------------------------------------------------------------


def _row(
    scorer="m", value=0.5, half=0.01, kind="model", negatives="uniform", metric="auc"
) -> Row:
    return Row(scorer, kind, negatives, metric, value, value - half, value + half)


def _made(*rows: Row, kinds=("uniform",)) -> LinkReport:
    facts = {
        "graph": {"nodes": 9, "edges": 20, "directed": True, "hash": "h"},
        "negatives": {kind: {} for kind in kinds},
        "test": {
            "edges": 8,
            "source_unseen": 0.25,
            "target_unseen": 0.5,
            "either_unseen": 0.6,
        },
        "seeds": [0],
    }
    return LinkReport(rows, facts)


def test_dots_and_lines_stand_where_the_numbers_are():
    report = _made(
        _row(value=0.75, half=0.05),
        _row("m, roles swapped", 0.6, kind="swapped"),
        _row("degree_sum", 0.9, kind="baseline"),
    )
    plot = dot_plot(report, "uniform")
    _judged(plot)
    # The axis runs from 0.4 to 1, so 0.75 is at (0.75 - 0.4) / 0.6.
    assert 'cx="58.33%" cy="50%" r="4.5" class="dot"' in plot
    assert 'x1="50.00%" x2="66.67%" y1="50%" y2="50%" class="span"' in plot
    assert 'cx="33.33%" cy="50%" r="3.5" class="ring"' in plot
    assert 'x1="83.33%" x2="83.33%" y1="0" y2="100%" class="best"' in plot
    assert 'x1="16.67%" x2="16.67%" y1="0" y2="100%" class="half"' in plot
    assert "best degree baseline: degree sum" in plot
    assert plot.count('class="row ') == 4  # a line each, a gap and the axis


def test_a_low_swapped_score_does_not_stretch_the_axis():
    rows = (_row(value=0.8), _row("m, roles swapped", 0.05, kind="swapped"))
    assert "ring" not in dot_plot(_made(*rows), "uniform").split('class="key"')[0]


# ---- the words ----------------------------------------------------------------------


def _uniform_words(*rows: Row) -> str:
    return " ".join(verdict(_made(*rows), "uniform"))


BAR = _row("degree_sum", 0.7, kind="baseline")


def test_words_say_who_leads_and_who_loses_and_why():
    said = _uniform_words(_row("a", 0.9), _row("b", 0.705), _row("c", 0.6), BAR)
    assert "“a” leads the trained models with 0.900." in said
    assert (
        "“a” is above the best degree baseline (degree sum, 0.700); “b” is level with "
        "it; “c” is below it." in said
    )
    assert told("uniform").reason in said


@pytest.mark.parametrize(
    "values, said",
    [
        ((0.9, 0.8), "All of them are above the best degree baseline"),
        ((0.6, 0.5), "All of them are below the best degree baseline"),
        ((0.6,), "“m0” reaches 0.600. It is below the best degree baseline"),
        ((0.7, 0.6, 0.5), "“m0” is level with the best degree baseline (degree sum, "),
        ((0.9, 0.6, 0.5), "“m1” and “m2” are below it."),
        ((0.9, 0.6, 0.5, 0.4), "“m1”, “m2” and “m3” are below it."),
    ],
)
def test_words_follow_the_numbers(values, said):
    rows = [_row(f"m{i}", value) for i, value in enumerate(values)]
    assert said in _uniform_words(*rows, BAR)


def test_words_name_an_untrained_scorer_that_is_better():
    katz = _row("katz", 0.95, kind="baseline")
    assert "Katz, which trains nothing, has 0.950." in _uniform_words(_row(), katz, BAR)
    assert "Katz" not in _uniform_words(_row(value=0.96), katz, BAR)


def test_words_without_models_or_baselines():
    assert _uniform_words(BAR) == told("uniform").reason
    assert "degree baseline" not in _uniform_words(_row()).replace(
        told("uniform").reason, ""
    )


def test_summary_says_where_models_win():
    kinds = ("uniform", "degree")
    win = _row("m", 0.9, negatives="degree")
    bars = (BAR, _row("degree_sum", 0.5, kind="baseline", negatives="degree"))
    mixed = summary(_made(_row("m", 0.6), win, *bars, kinds=kinds))
    assert mixed == (
        "Trained models beat every degree baseline against links paired anew; they do "
        "not against any two nodes."
    )
    none = summary(
        _made(_row("m", 0.6), _row("m", 0.4, negatives="degree"), *bars, kinds=kinds)
    )
    assert none == (
        "Trained models do not beat degrees against any two nodes or against links "
        "paired anew."
    )
    both = summary(_made(_row("m", 0.8), win, *bars, kinds=kinds))
    assert both.endswith("against any two nodes and against links paired anew.")
    assert summary(_made(_row())) == ""


def test_symmetric_scores_are_named():
    pair = {"negatives": ONE_WAY, "metric": "pair_accuracy"}
    report = _made(
        _row("s", 0.5, negatives="reversed"),
        _row("d", 0.7, negatives="reversed"),
        _row("s", 0.5, half=0.0, **pair),
        _row("d", 0.7, **pair),
        kinds=("reversed",),
    )
    said = " ".join(verdict(report, "reversed"))
    assert "“s” gives both directions of a pair the same score." in said
    assert "“d” gives" not in said


def test_the_direction_check_compares_with_degrees_and_asks_backwards():
    pair = {"negatives": ONE_WAY, "metric": "pair_accuracy"}
    report = _made(
        _row("m", 0.8),
        _row("m, roles swapped", 0.3, kind="swapped"),
        _row("m", 0.75, **pair),
        _row("potential", 0.9, kind="baseline", **pair),
    )
    said = direction_check(report)
    assert "“m” puts 75.0 % above their own reverse" in said
    assert "less than the potential difference with 90.0 %" in said
    assert "its AUC goes from 0.800 to 0.300 (against any two nodes)" in said
    assert direction_check(_made(_row())) == ""


def test_unseen_roles_are_told():
    assert "25.0 % of the test links start" in unseen(_made())
    assert "50.0 % end" in unseen(_made())
