"""What a run will take of memory, in bytes by their use, before any of it is taken.

It follows from the numbers of nodes and edges and from the recipe alone. Time is measured:
nodeemb.pace.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from nodeemb.engine import backend_of, layout_of
from nodeemb.errors import OutOfResources
from nodeemb.factorise.forms import TWO, check_scheme
from nodeemb.factorise.memory import Needed, needed
from nodeemb.factorise.options import Factorise, options_of
from nodeemb.graph.graph import Graph
from nodeemb.memory import memory_bytes
from nodeemb.recipe import Recipe
from nodeemb.training.batches import (
    BATCHES_AN_EPOCH,
    DRAWN_AT_ONCE,
    NODES_AHEAD,
    STEPS_AT_ONCE,
)

PROGRAM = 255 * 2**20  # Python, the libraries and the compiled kernels, measured
_TORCH = 170 * 2**20  # beside that where torch trains, measured
_TORCH_BATCH = 9  # times the slopes of a batch, measured: it keeps what lies between
_TORCH_SQUARES = 10  # numbers for each pair of rows of a block with a window, measured
_READING = 2.3  # times the graph, measured: tests/bench/test_reading.py
_PLACE = 60  # bytes of a vector of slopes beside its numbers: its place, its block
_AHEAD = 16  # bytes of a row, or pair, of a batch made ahead, each time it is there
_PAIR_SLOPE = (
    13  # bytes of a slope of a batch made ahead: its place, its side, its node
)
_ROW_SLOPE = 9  # the same where two of a row share the node
WORD_BYTES = 72.0  # of a word of a vocabulary: its text and its place
_WORD_READ = 85  # bytes of a word beside that while a vocabulary is read
_SHARE = 0.8  # of the machine's memory that a run may take


@dataclass(frozen=True)
class Size:
    """The size of a graph, as far as it decides what a run takes.

    Attributes:
        nodes: all of them.
        edges: as users count them.
        directed: False: every edge is two arcs.
        weighted, signed: whether edges have weights, signs.
        id_bytes: bytes of a node's id in memory; 0 where ids are 0..n-1.
        tokens: of a corpus, which is read from a file as it is used.
    """

    nodes: int
    edges: int
    directed: bool = True
    weighted: bool = False
    signed: bool = False
    id_bytes: float = 8.0
    tokens: int = 0

    @property
    def arcs(self) -> int:
        """Stored arcs."""
        return self.edges if self.directed else 2 * self.edges


class Memory(NamedTuple):
    """Bytes: the graph or vocabulary, the sampler's arrays, the tables, a batch.

    tables: what is trained and, of several epochs, the last good table (and, validated,
        the best).
        Saving takes less: it writes in pieces.
    reading: what reading the graph from a file takes, before the rest.
    """

    graph: int
    sampler: int
    tables: int
    batch: int
    reading: int

    @property
    def peak(self) -> int:
        """Bytes at once, the program itself apart."""
        training = self.graph + self.sampler + self.tables + self.batch
        return max(training, self.reading)


def graph_size(graph: Graph) -> Size:
    """The size of a graph that is there."""
    ids = 0.0 if graph.ids.is_range else 8.0
    return Size(
        graph.num_nodes,
        graph.num_edges,
        graph.directed,
        graph.weight is not None,
        graph.sign is not None,
        ids,
    )


def program_memory(recipe: Recipe) -> int:
    """Bytes of the program itself."""
    return PROGRAM + _TORCH * (backend_of(recipe) == "torch")


def forecast_memory(
    size: Size,
    recipe: Recipe,
    itemsize: int = 4,
    validated: bool = False,
    backend: str | None = None,
    threads: int = 1,
) -> Memory:
    """Bytes that a run takes, the program itself apart.

    Args:
        size: of the graph.
        recipe: the method, filled in.
        itemsize: 4 for float32, 8 for float64.
        validated: whether validation links choose the best epoch.
        backend: None: what is taken where none is named.
        threads: that train.
    """
    n, m = size.nodes, size.arcs
    layout = layout_of(recipe)
    table = (n + layout.core_rows) * layout.columns * itemsize
    place = 4 if m < 2**31 else 8
    graph = 2 * 8 * n + 2 * m * (4 + place) + round(size.id_bytes * n)
    graph += 4 * m * size.weighted + m * size.signed
    reading = round(_READING * graph)
    if size.tokens:  # of a corpus the words are in memory, and how often they come
        graph = round((size.id_bytes + 8) * n)
        reading = graph + _WORD_READ * n
    if recipe.factorise is not None:
        made = _factorised_memory(size, recipe, recipe.factorise)
        return Memory(graph, made.matrix, table, made.work, reading)
    # degrees and noise laws of both sides
    noises = recipe.noises()
    laws = {(x.power, x.uniform_share) for x in noises if x.node_pairs or x.unlinked}
    sampler = 2 * 8 * n + 2 * (8 + 8 + 4) * n * len(laws)
    sampler += _walked(size, recipe)
    squares = (n + layout.core_rows) * len(layout.roles) * itemsize
    # what training began with is drawn again where it is asked for, or else kept, too
    last_good = recipe.training.epochs > 1 or recipe.training.init != "random"
    grouping = 4 * n * threads
    tables = (1 + last_good + validated) * table + squares + grouping
    blocks, block, epoch = _batch(size, recipe)
    vectors = _vectors(recipe, block)
    numbers = sum(vectors[name] * length for name, length in layout.lengths.items())
    batch = round(1.1 * blocks * numbers * itemsize)
    if (backend or backend_of(recipe)) == "torch":
        # it has tables of its own, and the result is a copy without the cores
        tables += 2 * table + squares - grouping
        batch *= _TORCH_BATCH
        if recipe.stencil.kind == "window":  # scores of all rows of a block, and slopes
            squares_of = len(layout.channels) * blocks * block**2
            batch += _TORCH_SQUARES * itemsize * squares_of
    sampler += blocks * sum(vectors.values()) * _PLACE
    drawn = min(DRAWN_AT_ONCE * blocks * block, epoch)
    sampler += drawn * 13  # two rows, a weight, a kind
    parts = sum(_parts(recipe).values())
    most = NODES_AHEAD // (block * parts) + blocks
    ahead = min(STEPS_AT_ONCE * blocks, most, -(-epoch // block))
    # those that are trained on lie beside them, if there is anything behind them
    more = ahead * block < epoch
    slope = _ROW_SLOPE if recipe.stencil.kind == "window" else _PAIR_SLOPE
    sampler += (2 + more) * ahead * block * parts * _AHEAD
    sampler += (1 + more) * ahead * sum(vectors.values()) * slope
    if recipe.objective.shift:
        sampler += (8 + itemsize) * n
    if recipe.training.init != "random":
        # made and gone before the batches, beside the tables
        made = _factorised_memory(size, recipe, options_of(recipe.training.init))
        sampler = max(sampler, made.matrix + made.work)
    return Memory(graph, sampler, tables, batch, reading)


def _factorised_memory(size: Size, recipe: Recipe, options: Factorise) -> Needed:
    """Bytes of a matrix and of the blocks that find its vectors."""
    scheme = recipe.scheme()
    two = check_scheme(options, scheme) == TWO
    columns = scheme.columns(recipe.width())
    rank = next(iter(columns.values())) if two else recipe.width()
    return needed(
        options,
        size.nodes,
        size.arcs,
        directed=size.directed,
        weighted=size.weighted,
        rank=rank,
    )


def _walked(size: Size, recipe: Recipe) -> int:
    """Bytes of the arcs or steps that sequences are drawn from."""
    n, m, sampler = size.nodes, size.arcs, recipe.sampler
    if sampler.kind == "corpus":  # shares that stay, and their making
        return 4 * 8 * n
    if sampler.kind == "edges" or sampler.kind == "alternating":
        # the source of each arc, their order or alias tables, and those of each step
        steps = 2 * 8 * (sampler.kind == "alternating")
        return (4 + (12 + steps if size.weighted else 4)) * m
    table = 8 * m if size.weighted else 0
    if size.directed and sampler.direction == "ignore":
        # one arc each way, as if none were mutual
        table = 8 * n + 2 * m * (16 if size.weighted else 4)
    return 4 * n + table


def _parts(recipe: Recipe) -> dict[str, int]:
    """Channel -> how often the rows, or pairs, of a block are in a batch for it.

    Pairs of a sign train a channel only with their own, so one block is shared by signs.
    """
    scheme = recipe.scheme()
    return {
        name: (len(channel.labels) if scheme.kind_of == "side" else 1)
        * (1 + (noise.reversed_pairs > 0))
        for noise, (name, channel) in zip(
            recipe.noises(), scheme.channels.items(), strict=True
        )
    }


def _vectors(recipe: Recipe, block: int) -> dict[str, int]:
    """Channel -> the vectors of slopes that a block of pairs makes in it."""
    counted = {}
    for noise, (name, parts) in zip(
        recipe.noises(), _parts(recipe).items(), strict=True
    ):
        # reversed pairs have no noise of their own
        with_noise = parts // (1 + (noise.reversed_pairs > 0))
        sides = 2 if noise.side == "both" else 1
        shared = sides * noise.shared * (noise.node_pairs > 0)
        counted[name] = parts * 2 * block + with_noise * shared
    return counted


def _batch(size: Size, recipe: Recipe) -> tuple[int, int, int]:
    """(blocks of a batch, rows or pairs of a block, and of an epoch)."""
    training, sampler = recipe.training, recipe.sampler
    if sampler.kind == "edges":
        block, epoch = training.block_pairs, size.arcs
    elif sampler.kind == "alternating":
        block = training.block_pairs
        epoch = 2 * size.arcs * (sampler.walk_length // 2)
    elif sampler.kind == "corpus":
        block, epoch = training.block_rows, size.tokens
    else:
        windowed = recipe.stencil.kind == "window"
        block = training.block_rows if windowed else training.block_pairs
        epoch = size.nodes * sampler.walks_per_node * sampler.walk_length
    epoch *= 1 + recipe.noise.unlinked
    blocks = min(training.batch_blocks, epoch // (BATCHES_AN_EPOCH * block))
    return max(1, blocks), block, round(epoch)


def check_memory(
    size: Size,
    recipe: Recipe,
    itemsize: int = 4,
    validated: bool = False,
    backend: str | None = None,
    threads: int = 1,
) -> None:
    """Refuses a run that does not fit into memory.

    Raises:
        OutOfResources: with the forecast, the memory there is, and a size that fits.
    """
    memory = forecast_memory(size, recipe, itemsize, validated, backend, threads)
    total = memory_bytes()
    if total is None or memory.peak <= _SHARE * total:
        return
    # what does not shrink with the width, and what a column takes
    fixed, width = memory.graph + memory.sampler, recipe.width()
    column = (memory.tables + memory.batch) / width
    fits = int((_SHARE * total - fixed) / column * 0.99)
    raise OutOfResources(
        f"the run needs {memory.peak / 2**30:.1f} GiB (its tables "
        f"{memory.tables / 2**30:.1f}) and there are {total / 2**30:.1f}",
        next_step=f"Try a width of {fits} or less"
        if fits > 0
        else "Try a machine with more memory, or "
        + ("fewer words (--max-size)" if size.tokens else "a part of the graph"),
    )
