"""Training on text takes its vocabulary's tables and some fixed memory, whatever the text's length.

    python -m pytest -m bench -s tests/bench/test_corpus_memory.py

Two corpora: wikispeedia-articles, and ten copies of it, of which words that come ten times as
often are kept, so that the vocabulary and the tables are the same. On each the preset `sgns`
trains one whole epoch by `nodeemb embed`, in a process of its own, so that every token is read;
the peak is the process's largest resident set, as the run's own manifest has it, and pages of
mapped files count in it. A run on a sentence or two goes before, since compiling the kernels,
once on a machine, takes some 100 MiB more. The peaks, and that of `nodeemb wordgraph`, stand
beside what `nodeemb estimate` says: within a quarter.
"""

import json
import subprocess
import sys

import pytest

import nodeemb as ne
from nodeemb.corpus.options import PairOptions
from nodeemb.forecast import PROGRAM, forecast_memory
from nodeemb.io.text_cards import load_text_card
from nodeemb.material import material_size
from nodeemb.recipe import load_recipe
from nodeemb.word_forecast import word_graph_needs

pytestmark = pytest.mark.bench
COPIES, COLUMNS = 10, 200
COUNTED = """
import json, sys
from nodeemb.corpus.corpus import Corpus
from nodeemb.corpus.word_graph import write_word_graph
from nodeemb.memory import peak_bytes
for corpus in ("small", sys.argv[1]):
    options = {"window": 5, "memory": int(sys.argv[2])}
    out = f"{options['memory']}-{corpus}.parquet"
    report = write_word_graph(Corpus.load(corpus), out, **options)
print(json.dumps([peak_bytes(), report.edges, report.runs]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the two corpora, and one of two words."""
    name = "wikispeedia-articles"
    if not load_text_card(name).here:
        pytest.skip(f"the files of {name} are not here")
    folder = tmp_path_factory.mktemp("corpora")
    (folder / "text").write_text("one two one two\n" * 5)
    words = {"tokens": "words", "lower": True}
    ne.read_corpus([folder / "text"], out=folder / "small")
    ne.read_corpus([name], out=folder / "one", min_count=5, **words)
    many = [name] * COPIES
    ne.read_corpus(many, out=folder / "ten", min_count=5 * COPIES, **words)
    return folder


def peak_of(folder, corpus):
    """MB at most (10^6 bytes), of a run of one epoch, its kernels compiled before."""
    for name in ("small", corpus):
        run = [sys.executable, "-m", "nodeemb.cli.main", "embed", name, "-q"]
        run += ["--preset", "sgns", "--set", "training.epochs=1"]
        subprocess.run([*run, "--out", f"{name}-{corpus}"], cwd=folder, check=True)
    told = json.loads((folder / f"{corpus}-{corpus}" / "manifest.json").read_text())
    return told["peak_memory_mb"] * 2**20 / 1e6


def test_ten_copies_take_no_more_memory_than_one(folder):
    one, ten = ne.Corpus.load(folder / "one"), ne.Corpus.load(folder / "ten")
    assert one.vocabulary.words == ten.vocabulary.words
    assert len(ten.tokens) == COPIES * len(one.tokens) > 100_000_000
    tables = 4 * COLUMNS * len(one.vocabulary) / 1e6
    peaks = {name: peak_of(folder, name) for name in ("one", "ten")}
    print(f"\ntables {tables:.0f} MB; peak on one {peaks['one']:.0f} MB, "
          f"on ten copies {peaks['ten']:.0f} MB")  # fmt: skip
    memory = forecast_memory(material_size(one), load_recipe("sgns"))
    forecast = (memory.peak + PROGRAM) / 1e6
    print(f"forecast {forecast:.0f} MB, {100 * (forecast / peaks['one'] - 1):+.0f} %")
    assert abs(forecast - peaks["one"]) < 0.25 * peaks["one"]
    assert peaks["one"] < tables + 400
    # a few MB come and go with where the allocator puts what a batch takes
    assert peaks["ten"] < peaks["one"] + 8


@pytest.mark.parametrize("memory", [512, 64])
def test_a_word_graph_takes_what_is_forecast(folder, memory):
    options = PairOptions(window=5, memory=memory)
    needs = word_graph_needs(ne.Corpus.load(folder / "one"), options)
    job = [sys.executable, "-c", COUNTED, "one", str(memory)]
    done = subprocess.run(job, cwd=folder, check=True, capture_output=True, text=True)
    peak, edges, runs = json.loads(done.stdout)
    forecast = needs.memory + PROGRAM
    print(f"\n{memory} MiB: forecast {forecast / 1e6:.0f} MB, peak {peak / 1e6:.0f} MB; edges "
          f"{needs.edges:,}, counted {edges:,}; {runs} runs")  # fmt: skip
    assert abs(forecast - peak) < 0.25 * peak
    assert abs(needs.edges - edges) < 0.03 * edges
