"""One table or two for words? python -m tests.bench.roles_on_words [CORPUS ...]

Four role schemes at equal width (100 floats a word), with the settings of sgns, on the
sentences of a corpus with a window on both sides and with one of the next five words only;
and on hearst, a graph of "u is a kind of v" found in text, by its edges with free biases.
Prints each question's value with its 95 % interval over questions, and what the frequency
of words alone says. Cosines are of the readout `in`; directed questions ask the model's
own score. Nothing is chosen by these numbers.
"""

import sys
import tempfile
from pathlib import Path

import nodeemb as ne
from nodeemb.io.cards import read_dataset

SCHEMES = ("single", "signature", "source_target", "sign_skew")
SIMILAR = ("ws-353", "mturk-771", "simlex-999", "simverb-3500")
DIRECTED = ("bless", "hyperlex", "usf")
WIDTH = {"roles.dim": None, "roles.width": 100}
EDGES = {
    "roles.biases": "free",
    "noise.side": "both",
    "training.epochs": 40,
    "training.learning_rate": 0.1,
}


def of_corpus(name, sides, folder):
    """(scheme, report) of each scheme on a corpus."""
    place = folder / name
    if not place.exists():
        ne.read_corpus([name], tokens="words", lower=True, out=place)
    from nodeemb.corpus.corpus import Corpus

    corpus = Corpus.load(place)
    counts = dict(
        zip(corpus.vocabulary.words, corpus.vocabulary.counts.tolist(), strict=True)
    )
    sets = [*SIMILAR, *DIRECTED, f"next:{place}"]
    for scheme in SCHEMES:
        options = {**WIDTH, "roles.scheme": scheme, "stencil.sides": sides}
        model = ne.embed(corpus, "sgns", threads=1, options=options)
        yield scheme, ne.evaluate_words(model, sets, counts=counts)


def of_graph(name):
    """(scheme, report) of each scheme on a directed graph of words."""
    graph = read_dataset(name)
    from nodeemb.evaluation.word_counts import counts_of_graph

    for scheme in SCHEMES:
        options = {**WIDTH, **EDGES, "roles.scheme": scheme}
        model = ne.embed(graph, "line2", threads=1, options=options)
        counts = counts_of_graph(graph, model)
        yield scheme, ne.evaluate_words(model, DIRECTED, counts=counts)


def show(title, reports):
    """A row for each question, a column for each scheme."""
    table, alone = {}, {}
    for scheme, report in reports:
        for row in report.rows:
            name = row.set.split(":")[0]
            asked = "score" if name in (*DIRECTED, "next") else "cosine"
            if row.value is None or row.by != asked:
                continue
            question = f"{name} {row.metric} ({row.known:,})"
            half = (row.high - row.low) / 2
            table.setdefault(question, {})[scheme] = f"{row.value:.3f} ±{half:.3f}"
            alone[question] = "-" if row.frequency is None else f"{row.frequency:.3f}"
        print(f"{title}: {scheme} done", file=sys.stderr, flush=True)
    print(f"\n| {title} | {' | '.join(SCHEMES)} | frequency alone |")
    print("|---" * (len(SCHEMES) + 2) + "|")
    for question, values in table.items():
        cells = " | ".join(values.get(scheme, "-") for scheme in SCHEMES)
        print(f"| {question} | {cells} | {alone[question]} |", flush=True)


def main(names):
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            for sides in ("both", "after"):
                show(f"{name}, {sides}", of_corpus(name, sides, Path(folder)))
    show("hearst", of_graph("hearst"))


if __name__ == "__main__":
    main(sys.argv[1:] or ["brown", "wikispeedia-articles"])
