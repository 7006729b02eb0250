"""`nodeemb estimate`: what a run will take, before anything is read or allocated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nodeemb.cli import options, show
from nodeemb.cli.embed import Dim, Preset, Width
from nodeemb.corpus.folder import is_corpus
from nodeemb.corpus.options import PairOptions
from nodeemb.errors import WrongUse

if TYPE_CHECKING:
    from nodeemb.corpus.corpus import Corpus
    from nodeemb.forecast import Memory, Size
    from nodeemb.recipe import Recipe
    from nodeemb.word_forecast import WordGraphNeeds

# what takes memory, for a recipe that is trained and for a factorisation
_MAKING = {
    False: ("sampler and noise", "a batch"),
    True: ("the matrix", "making and factorising it"),
}

Dataset = Annotated[
    str | None,
    typer.Argument(
        metavar="DATASET",
        help="A data set, whose card has the counts, or a folder that nodeemb corpus made.",
    ),
]
Nodes = Annotated[
    int | None, typer.Option("--nodes", min=2, help="Nodes, where it is no data set.")
]
Edges = Annotated[
    int | None, typer.Option("--edges", min=1, help="Edges, where it is no data set.")
]
Weighted = Annotated[bool, typer.Option("--weighted", help="The edges have weights.")]
Signed = Annotated[bool, typer.Option("--signed", help="The edges have signs.")]


def _counting(name: str, flag: str) -> Any:
    field = PairOptions.model_fields[name]
    about = (
        f"As nodeemb wordgraph has it: {field.description}. Default: {field.default}."
    )
    return typer.Option(flag, help=about, rich_help_panel="Word graph of a corpus")


Window = Annotated[int | None, _counting("window", "--window")]
Sides = Annotated[str | None, _counting("sides", "--sides")]
Counting = Annotated[int | None, _counting("memory", "--memory")]


def estimate(
    name: Dataset = None,
    nodes: Nodes = None,
    edges: Edges = None,
    undirected: options.Undirected = False,
    weighted: Weighted = False,
    signed: Signed = False,
    preset: Preset = None,
    config: options.ConfigFile = None,
    set_: options.Sets = None,
    dim: Dim = None,
    width: Width = None,
    validation: options.Validation = None,
    threads: options.Threads = None,
    window: Window = None,
    sides: Sides = None,
    memory: Counting = None,
) -> None:
    """Tell the memory and the time that a run will take, or a word graph and a run on it."""
    from nodeemb import choices
    from nodeemb.defaults import CORPUS, default_preset, only_training
    from nodeemb.engine import count_threads

    count, counted = count_threads(threads), _given(window, sides, memory)
    chosen = None if config is None else choices.read_config(config)
    named = options.assignments(set_)
    corpus, default = None, CORPUS
    if name is not None and is_corpus(name):
        _check_corpus(nodes, edges, undirected, weighted, signed, validation)
        from nodeemb.corpus.corpus import Corpus

        corpus = Corpus.load(name)
    else:
        _refuse(counted, "for the word graph of a corpus")
        size = _size(name, nodes, edges, not undirected, weighted, signed)
        layers = (chosen.choices if chosen else {}, named)
        trains = bool(validation) or only_training(*layers)
        default = default_preset(size.directed, size.edges, trains)
    recipe = choices.recipe_of(
        default, preset, config=chosen, dim=dim, width=width, options=named
    )
    if corpus is not None:
        _corpus(corpus, recipe, counted, count)
        return
    kind = "directed" if size.directed else "undirected"
    show.block("Graph", [f"{size.nodes:,} nodes   {size.edges:,} edges   {kind}"])
    _graph(size, recipe, count, bool(validation))


def _given(
    window: int | None, sides: str | None, memory: int | None
) -> dict[str, int | str]:
    """The choices of a word graph that were made."""
    made = {"window": window, "sides": sides, "memory": memory}
    return {name: value for name, value in made.items() if value is not None}


def _check_corpus(
    nodes: int | None,
    edges: int | None,
    undirected: bool,
    weighted: bool,
    signed: bool,
    validation: float | None,
) -> None:
    """Refuses beside a corpus what is told of a graph (WrongUse)."""
    given = {
        "nodes": nodes,
        "edges": edges,
        "undirected": undirected,
        "weighted": weighted,
        "signed": signed,
        "validation": validation,
    }
    _refuse([name for name, value in given.items() if value], "for graphs")


def _graph(size: Size, recipe: Recipe, threads: int, validated: bool) -> None:
    """What a run on a graph takes."""
    from nodeemb.forecast import forecast_memory
    from nodeemb.pace import forecast_seconds

    show.block("Method", show.method_lines(recipe, {}))
    memory = forecast_memory(size, recipe, validated=validated, threads=threads)
    _memory(memory, recipe)
    seconds = forecast_seconds(size, recipe, threads)
    work = "Training" if recipe.factorise is None else "Factorising"
    _time(work, seconds, threads, "on a small random graph")


def _corpus(
    corpus: Corpus, recipe: Recipe, counted: dict[str, int | str], threads: int
) -> None:
    """What a run on a corpus takes, or its word graph and a run on that."""
    from nodeemb.forecast import forecast_memory
    from nodeemb.material import material_size
    from nodeemb.options import parse
    from nodeemb.word_forecast import (
        training_seconds,
        word_graph_needs,
        word_graph_size,
    )

    show.block("Corpus", [str(corpus)[7:-1]])
    if recipe.factorise is None and recipe.sampler.kind == "corpus":
        _refuse(counted, f"for a word graph, and {recipe.name} reads the corpus itself")
        show.block("Method", show.method_lines(recipe, {}))
        memory = forecast_memory(material_size(corpus), recipe, threads=threads)
        _memory(memory, recipe, "vocabulary")
        seconds = training_seconds(corpus, recipe, threads)
        _time("Training", seconds, threads, "on its first batches")
        return
    pairs = parse(PairOptions, counted, "word graph")
    needs = word_graph_needs(corpus, pairs)
    told = f"about {needs.edges:,} edges"
    told += f"   window {pairs.window}, sides {pairs.sides}"
    show.block("Graph", [told])
    _word_graph(needs)
    _graph(word_graph_size(corpus, needs.edges), recipe, threads, False)


def _word_graph(needs: WordGraphNeeds) -> None:
    from nodeemb.forecast import PROGRAM

    uses = {
        "counting and writing": needs.memory,
        "program": PROGRAM,
        "in all, at most at once": needs.memory + PROGRAM,
        "disk while it is made": needs.disk,
        "disk for its file": needs.file,
    }
    show.table(
        ["nodeemb wordgraph", "takes"], [[k, show.size(v)] for k, v in uses.items()], 1
    )
    show.result(
        f"Word graph: about {show.duration(needs.seconds)} (a guide: measured on its first "
        "sentences). Then:"
    )


def _memory(memory: Memory, recipe: Recipe, material: str = "graph") -> None:
    """A table of uses of memory, and what the machine has."""
    from nodeemb.forecast import program_memory
    from nodeemb.memory import memory_bytes

    sampled, worked = _MAKING[recipe.factorise is not None]
    reading = "reading a file" if material == "graph" else "reading the vocabulary"
    uses = {
        reading: memory.reading,
        material: memory.graph,
        sampled: memory.sampler,
        "tables": memory.tables,
        worked: memory.batch,
        "program": program_memory(recipe),
        "in all, at most at once": memory.peak + program_memory(recipe),
    }
    show.table(["memory for", "takes"], [[k, show.size(v)] for k, v in uses.items()], 1)
    if (total := memory_bytes()) is not None:
        show.result(f"This machine has {show.size(total)}.")


def _time(work: str, seconds: float, threads: int, measured: str) -> None:
    show.result(
        f"{work}: about {show.duration(seconds)} on {threads} thread"
        f"{'s' if threads > 1 else ''} (a guide: measured {measured})."
    )


def _refuse(given: Iterable[str], what: str) -> None:
    """Refuses options, by their names, that are for something else (WrongUse)."""
    if named := ", ".join(f"--{name}" for name in given):
        raise WrongUse(
            f"{named} cannot be given here: it is {what}", next_step="Leave it out"
        )


def _size(
    name: str | None,
    nodes: int | None,
    edges: int | None,
    directed: bool,
    weighted: bool,
    signed: bool,
) -> Size:
    """The size asked about, by a saved graph, a card or numbers."""
    from nodeemb.forecast import Size, graph_size
    from nodeemb.io.cards import list_cards, load_card
    from nodeemb.io.graph_files import is_saved_graph, load_graph

    if name is None and nodes is not None and edges is not None:
        return Size(nodes, edges, directed, weighted, signed)
    if name is None or nodes is not None or edges is not None:
        raise WrongUse(
            "a data set, or else both --nodes and --edges, must be given",
            next_step="See: nodeemb datasets",
        )
    if is_saved_graph(name):
        return graph_size(load_graph(name))
    if name not in list_cards():
        raise WrongUse(
            f'there is no data set "{name}"',
            allowed="Of files, only a saved graph and an encoded corpus are read for an "
            "estimate",
            next_step="For a file: nodeemb inspect FILE tells its nodes and edges; then "
            "nodeemb estimate --nodes N --edges M. For text: nodeemb corpus TEXT --out "
            "FOLDER; then nodeemb estimate FOLDER",
        )
    card = load_card(name)
    reading, counts = card.reading, card.counts
    if counts.nodes is None:
        raise WrongUse(
            f"the card of {name} does not know how many nodes have an edge",
            next_step="Give numbers: --nodes N --edges M",
        )
    return Size(
        counts.nodes,
        counts.edges,
        reading.directed,
        reading.weight is not None,
        reading.sign is not None,
    )
