"""The report of a study: charts, controls, sentences; the page in a real browser where one is."""

import importlib.util
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from test_study_tasks import dosed_study

from nodeemb.errors import WrongUse
from nodeemb.study import charts, controls
from nodeemb.study.contrasts import answers
from nodeemb.study.page import page
from nodeemb.study.results import Results
from nodeemb.study.sentences import said
from nodeemb.study.table import markdown

CONTROLS = [
    {"dataset": "counted", "column": "gain", "arm": "single", "low": 5, "why": "it learns"},
    {"dataset": "blocks", "column": "auc", "arm": "degree_sum", "low": 0.4, "high": 0.6, "why": "degrees <tell> nothing"},
    {"dataset": "dose 0.4", "column": "gain", "contrast": "source_target - single", "verdicts": ["better"], "why": "skew"},
]  # fmt: skip


def cell(dataset, split, arm, seed, **numbers):
    return {
        "key": f"key-{dataset}-{arm}-{seed}".replace(" ", ""),
        "dataset": dataset, "split": split, "arm": arm, "seed": seed,
        "state": "done", "error": "", "test": numbers, "validation": numbers,
        "training": {"cpu_seconds": 1.0, "pairs": 10, "epochs": 1}, "threads": 1,
        "environment": {"nodeemb": "0", "python": "3", "packages": {}, "system": "here"},
    }  # fmt: skip


def told(**changes):
    """Results that are known: two tables gain 5 more at skew .4 and 5 less at 0."""
    study = dosed_study(
        controls=CONTROLS,
        answer=["It depends <on> the text."],
        title="A & B",
        **changes,
    )
    cells = []
    for seed in (0, 1, 2):
        for skew, more in ((0.0, -5), (0.4, 5)):
            for width, wide in ((8, ""), (4, ", width 4")):
                base = 10 + width + 0.1 * seed
                cells += [
                    cell(f"dose {skew}", "counts", "single" + wide, seed, gain=base),
                    cell(f"dose {skew}", "counts", "source_target" + wide, seed, gain=base + more + 0.05 * seed),
                ]  # fmt: skip
        if seed < 2:
            cells += [
                cell("blocks", "dirlinkbench", arm, seed, auc=value + 0.01 * seed)
                for arm, value in (("single", 0.7), ("source_target", 0.8), ("degree_sum", 0.7))
            ]  # fmt: skip
    placed = {(c["dataset"], c["split"], c["arm"], c["seed"]): c for c in cells}
    skews = {f"dose {skew}": {"skew": {"value": skew}} for skew in (0.0, 0.4)}
    return Results(study, placed, len(cells), skews)


def test_controls_that_fail_stand_first():
    results = told()
    found = controls.checked(results, answers(results))
    held = {(one.dataset, one.what): one.held for one in found}
    assert held == {
        ("dose 0.0", "single"): True,
        ("dose 0.4", "single"): True,
        ("blocks", "degree_sum"): False,
        ("dose 0.4", "source_target - single"): True,
    }
    assert controls.rows(found)[0][:2] == ["FAILED", "blocks"]
    assert controls.summary(found) == "3 of 4 controls came out as they must."
    first = "1 of 4 controls did not come out as they must: blocks, degree_sum, auc: 0.7050."
    for text in (page(results), markdown(results)):
        assert text.index(first) < text.index("It depends")
    assert controls.failures([one for one in found if one.held]) == ""
    empty = Results(results.study, {}, 30, {})
    assert "None of 4" in controls.summary(controls.checked(empty, []))


def test_wrong_controls_are_refused():
    for wrong, why in (
        ({**CONTROLS[0], "arm": "singel"}, "singel"),
        ({**CONTROLS[0], "dataset": "nothing"}, "nothing"),
        ({**CONTROLS[0], "column": "mrr"}, "mrr"),
        ({**CONTROLS[2], "verdicts": []}, "what must come out"),
        ({**CONTROLS[2], "contrast": "single - source_target"}, "no contrast"),
    ):
        with pytest.raises(WrongUse, match=why):
            dosed_study(controls=[wrong])


def test_sentences_count_verdicts():
    lines = said(answers(told()))
    plain = next(
        line for line in lines if line.startswith("counted") and "width" not in line
    )
    assert plain == (
        "counted, gain: source_target against single on 2 data sets: 1 better, 1 worse; "
        "in the middle +0.0500."
    )


class Checker(HTMLParser):
    """Every tag that is opened is closed, in order."""

    def __init__(self):
        super().__init__()
        self.open, self.wrong = [], []

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.wrong.append(tag)


def test_the_page_says_what_the_cells_say():
    text = page(told())
    checker = Checker()
    checker.feed(text)
    assert not checker.open and not checker.wrong
    assert not re.search(r"(src|href)=|https?://(?!www.w3.org)|<script", text)
    assert "A &amp; B" in text and "It depends &lt;on&gt; the text." in text
    assert "degrees &lt;tell&gt; nothing" in text
    # the curve of single at width 4: mean of 14, 14.1, 14.2
    assert (
        "single, width 4: 14.1000 ± 0.1000 over 3; runs key-dose0.0-single,width4-0"
        in text
    )
    assert (
        '<td class="better" title="dose 0.4: source_target less single: +5.0500' in text
    )
    assert "3 of 4 controls" in text and "<details open>" in text
    said_in_markdown = markdown(told())
    assert "3 of 4 controls" in said_in_markdown and "FAILED" in said_in_markdown
    assert said_in_markdown.startswith("# A & B\n\n1 of 4 controls")


def test_marks_stand_where_their_numbers_say():
    marks = [
        charts.Mark(x, y, y - 1, y + 1, "t") for x, y in ((0, 0), (1, 10), (2, 20))
    ]
    drawn = charts.plot([charts.Series("s", marks)], "across", "up", [0, 1, 2])
    places = [
        tuple(map(float, found))
        for found in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawn)
    ][:3]
    (x0, y0), (x1, y1), (x2, y2) = places
    assert x1 - x0 == pytest.approx(x2 - x1) and y0 - y1 == pytest.approx(y1 - y2)
    assert x0 < x1 and y0 > y1  # up is up
    assert charts.plot([], "across", "up") == ""


BROWSER = """
import os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"
os.environ["QTWEBENGINE_CHROMIUM_FLAGS"] = "--no-sandbox --disable-gpu"
from PyQt6.QtCore import QTimer, QUrl
from PyQt6.QtWebEngineCore import QWebEnginePage
from PyQt6.QtWebEngineWidgets import QWebEngineView
from PyQt6.QtWidgets import QApplication

class Page(QWebEnginePage):
    def javaScriptConsoleMessage(self, level, message, line, source):
        print("console:", message)

app = QApplication(["report"])
view = QWebEngineView()
view.setPage(Page(view))
view.resize(int(sys.argv[2]), 900)
view.show()
ASK = '''
(() => {
  const folded = [...document.querySelectorAll("details:not([open])")];
  folded.forEach(one => one.querySelector("summary").click());
  const marks = [...document.querySelectorAll(".chart g")];
  const box = marks[0].getBoundingClientRect();
  marks[0].focus();
  return JSON.stringify({
    wide: document.documentElement.scrollWidth - innerWidth,
    folded: folded.length,
    still: document.querySelectorAll("details:not([open])").length,
    marks: marks.length, told: marks[0].querySelector("title").textContent,
    seen: box.width > 3 && box.height > 3,
    focused: document.activeElement === marks[0],
  });
})()
'''
def loaded(ok):
    QTimer.singleShot(300, lambda: view.page().runJavaScript(ASK, lambda r: (print("found:", r), app.quit())))
view.loadFinished.connect(loaded)
view.load(QUrl.fromLocalFile(sys.argv[1]))
QTimer.singleShot(50000, app.quit)
app.exec()
"""


@pytest.mark.skipif(
    importlib.util.find_spec("PyQt6") is None
    or importlib.util.find_spec("PyQt6.QtWebEngineWidgets") is None,
    reason='no browser: pip install "nodeemb[browser]"',
)
@pytest.mark.parametrize("width", [360, 1200])
def test_a_browser_opens_and_unfolds_it(tmp_path, width):
    import json

    path = tmp_path / "report.html"
    path.write_text(page(told()), "utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", BROWSER, str(path), str(width)],
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    if "found:" not in ran.stdout:
        pytest.skip(f"the browser does not start here: {ran.stderr[-300:]}")
    assert "console:" not in ran.stdout
    found = json.loads(ran.stdout.split("found:", 1)[1].splitlines()[0])
    assert found["wide"] <= 0 and found["seen"] and found["focused"]
    assert found["folded"] > 0 and found["still"] == 0
    assert found["marks"] >= 8 and "runs key-dose" in found["told"]


def test_reports_are_written_whole(tmp_path):
    from nodeemb.study.page import PAGE, write_tables

    write_tables(told(), tmp_path)
    assert (tmp_path / PAGE).read_text("utf-8") == page(told())
    assert sorted(p.name for p in Path(tmp_path).iterdir()) == ["report.html", "table.csv", "table.md"]  # fmt: skip


def test_lines_of_dots_grow_to_the_right_and_mark_nothing():
    places = {
        "strips": charts.strips(
            [charts.Strip("a", [(-0.2, "low"), (0.0, "none"), (0.2, "high")], "3", "a")], "t"
        ),
        "ladder": charts.ladder(
            [charts.Rung("a", v, 0.05, "told", False) for v in (-0.2, 0.0, 0.2)], "t"
        ),
    }  # fmt: skip
    for drawn in places.values():
        low, none, high = map(float, re.findall(r'<circle cx="([\d.]+)%"', drawn))
        assert 0 < low < none < high < 100 and none == pytest.approx(50)
        assert '<line x1="50.00%" x2="50.00%"' in drawn
    assert charts.strips([], "t") == "" == charts.ladder([], "t")
