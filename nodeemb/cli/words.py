"""`nodeemb evaluate RUN --task words`: the vectors of a run asked what people were asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nodeemb.cli import show
from nodeemb.errors import DataRefused, WrongUse, unknown_name

if TYPE_CHECKING:
    import numpy as np

    from nodeemb.embedding.embedding import Embedding

TASKS = ("links", "words")
_PANEL = "With --task words (INPUT is then a run, --set names word sets)"

Task = Annotated[
    str,
    typer.Option(
        "--task",
        metavar="NAME",
        help="links: train and find hidden links. words: ask a run's vectors about words. "
        "INPUT is then the run, and --set names a word set or a file of word, word, score "
        "(directed:FILE, graph:FILE, analogies:FILE for other kinds; next:FOLDER for the order of "
        "neighbours in a corpus).",
    ),
]
Readout = Annotated[
    str | None,
    typer.Option(
        "--readout",
        metavar="NAME",
        help="Vectors that cosines are taken of: in, out, sum or concat. Default: in.",
        rich_help_panel=_PANEL,
    ),
]
Canonical = Annotated[
    bool,
    typer.Option(
        "--canonical",
        help="Turn vectors to a form that follows from the scores alone, before cosines "
        "are taken.",
        rich_help_panel=_PANEL,
    ),
]
Vocabulary = Annotated[
    int | None,
    typer.Option(
        "--vocabulary",
        metavar="N",
        min=1,
        help="Analogies ask and answer among the N most frequent words. Default: 30000.",
        rich_help_panel=_PANEL,
    ),
]
Counts = Annotated[
    Path | None,
    typer.Option(
        "--counts",
        metavar="FILE",
        help="How often each word came (word, count), for the frequency baseline. "
        "Default: the degrees in the run's graph.",
        rich_help_panel=_PANEL,
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print JSON, sections too.", rich_help_panel=_PANEL),
]


def check_task(task: str, links: dict[str, Any], words: dict[str, Any]) -> None:
    """Refuses a task that does not exist, and options of the other task.

    Args:
        task: what --task says.
        links, words: option -> its value, for the options of one task alone.

    Raises:
        WrongUse: an unknown task, or an option that this task does not have.
    """
    if task not in TASKS:
        raise unknown_name("task", task, TASKS)
    others = links if task == "words" else words
    for option, value in others.items():
        if value not in (None, False, [], ()):
            raise WrongUse(
                f"{option} has no meaning with --task {task}",
                allowed=f"It belongs to --task {TASKS[task == 'links']}",
            )


def evaluate_run(
    run: str | None,
    sets: list[str] | None,
    readout: str | None,
    vocabulary: int | None,
    counts: Path | None,
    as_json: bool,
    canonical: bool,
) -> None:
    """Prints what word sets measured."""
    import json

    from nodeemb.evaluation.words import VOCABULARY, evaluate_words

    if run is None:
        raise WrongUse(
            "no run is named",
            next_step="nodeemb evaluate RUN --task words, where RUN is a folder that "
            "nodeemb embed made",
        )
    embedding = show.loaded(Path(run))
    if canonical:
        embedding = embedding.canonical()
    known, counted = counts_for(embedding, Path(run), counts)
    report = evaluate_words(
        embedding,
        sets or None,
        readout=readout or "in",
        vocabulary=VOCABULARY if vocabulary is None else vocabulary,
        counts=known,
        counted=counted,
    )
    show.result(json.dumps(report.as_dict()) if as_json else report.table())


def counts_for(
    embedding: Embedding, run: Path, file: Path | None
) -> tuple[np.ndarray | None, str]:
    """How often words came, and where that is known from: a file, graph or corpus."""
    from nodeemb.choices import read_config, read_settings
    from nodeemb.corpus.corpus import Corpus
    from nodeemb.evaluation.word_counts import (
        counts_from,
        counts_in_file,
        counts_of_graph,
    )

    if file is not None:
        return counts_in_file(file, embedding), str(file)
    config = run / "config.yaml"
    if not config.is_file():
        return None, ""
    try:
        material = read_settings(read_config(config), {}, {}).input.material()
        if isinstance(material, Corpus):
            words = material.vocabulary
            told = dict(zip(words.words, words.counts.tolist(), strict=True))
            return counts_from(told, embedding), "counts in the run's corpus"
        return counts_of_graph(material, embedding), "degrees in the run's graph"
    except (DataRefused, WrongUse) as error:
        show.say(f"Note: no word counts from what was trained on: {error.what}.")
        return None, ""
