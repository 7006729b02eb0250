"""`nodeemb estimate`: what a run will take, before anything is read or allocated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nodeemb.cli import options, show
from nodeemb.cli.embed import Dim, Preset, Width
from nodeemb.errors import WrongUse

if TYPE_CHECKING:
    from nodeemb.forecast import Size

# what takes memory, for a recipe that is trained and for a factorisation
_MAKING = {
    False: ("sampler and noise", "a batch"),
    True: ("the matrix", "making and factorising it"),
}

Dataset = Annotated[
    str | None,
    typer.Argument(metavar="DATASET", help="A data set, whose card has the counts."),
]
Nodes = Annotated[
    int | None, typer.Option("--nodes", min=2, help="Nodes, where it is no data set.")
]
Edges = Annotated[
    int | None, typer.Option("--edges", min=1, help="Edges, where it is no data set.")
]
Weighted = Annotated[bool, typer.Option("--weighted", help="The edges have weights.")]
Signed = Annotated[bool, typer.Option("--signed", help="The edges have signs.")]


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
) -> None:
    """Tell the memory and the time that a run will take."""
    from nodeemb import choices
    from nodeemb.defaults import default_preset, only_training
    from nodeemb.engine import count_threads
    from nodeemb.forecast import PROGRAM, forecast_memory, forecast_seconds
    from nodeemb.memory import memory_bytes

    size = _size(name, nodes, edges, not undirected, weighted, signed)
    count = count_threads(threads)
    chosen = None if config is None else choices.read_config(config)
    named = options.assignments(set_)
    trains = bool(validation) or only_training(chosen.choices if chosen else {}, named)
    recipe = choices.recipe_of(
        default_preset(size.directed, size.edges, trains),
        preset,
        config=chosen,
        dim=dim,
        width=width,
        options=named,
    )
    factorised = recipe.factorise is not None
    memory = forecast_memory(size, recipe, validated=bool(validation))
    seconds = forecast_seconds(size, recipe, count)
    show.block(
        "Graph",
        [
            f"{size.nodes:,} nodes   {size.edges:,} edges   "
            + ("directed" if size.directed else "undirected")
        ],
    )
    show.block("Method", show.method_lines(recipe, {}))
    uses = {
        "reading a file": memory.reading,
        "graph": memory.graph,
        _MAKING[factorised][0]: memory.sampler,
        "tables": memory.tables,
        _MAKING[factorised][1]: memory.batch,
        "program": PROGRAM,
        "in all, at most at once": memory.peak + PROGRAM,
    }
    show.table(["memory for", "takes"], [[k, show.size(v)] for k, v in uses.items()], 1)
    if (total := memory_bytes()) is not None:
        show.result(f"This machine has {show.size(total)}.")
    show.result(
        f"{'Factorising' if factorised else 'Training'}: about {show.duration(seconds)} on {count} thread"
        f"{'s' if count > 1 else ''} (a guide: measured on a small random graph)."
    )


def _size(
    name: str | None,
    nodes: int | None,
    edges: int | None,
    directed: bool,
    weighted: bool,
    signed: bool,
) -> Size:
    """The size asked about, by a card or by numbers."""
    from nodeemb.forecast import Size
    from nodeemb.io.cards import list_cards, load_card

    if name is None and nodes is not None and edges is not None:
        return Size(nodes, edges, directed, weighted, signed)
    if name is None or nodes is not None or edges is not None:
        raise WrongUse(
            "a data set, or else both --nodes and --edges, must be given",
            next_step="See: nodeemb datasets",
        )
    if name not in list_cards():
        raise WrongUse(
            f'there is no data set "{name}"',
            allowed="Nothing is read for an estimate",
            next_step="For a file: nodeemb inspect FILE tells its nodes and edges; then "
            "nodeemb estimate --nodes N --edges M",
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
