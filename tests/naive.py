"""The slow, obvious twins of draws, samplers, stencils, scores and readers.

Plain Python, no kernels, nothing shared with the package but its option models. A twin has
the name of its entry in `nodeemb.sampling.registry.SAMPLERS` and gives the very same
sequences, since draws are functions of (seed, stream, index). What the sequences should be
in the long run stands in `laws.py`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator

import numpy as np

from nodeemb.graph.graph import Graph
from nodeemb.sampling.options import CorpusOptions
from nodeemb.sampling.sequences import Pairs, Sequences

_WORD = 2**64 - 1

Walk = tuple[tuple[int, ...], int]  # nodes, and the side of the first one
Pair = tuple[int, int, float]
Neighbours = dict[int, list[tuple[int, float]]]

# ---- draws --------------------------------------------------------------------------


def key(seed: int, stream: str, *numbers: int) -> int:
    """The key of a stream: BLAKE2b, 8 bytes, little end first, of the joined names."""
    text = "\x1f".join([str(seed), stream, *map(str, numbers)])
    return int.from_bytes(
        hashlib.blake2b(text.encode(), digest_size=8).digest(), "little"
    )


def bits(key: int, index: int) -> int:
    """Output number `index` of SplitMix64 started at `key`."""
    z = (key + (index + 1) * 0x9E3779B97F4A7C15) & _WORD
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _WORD
    return z ^ (z >> 31)


def unit(key: int, index: int) -> float:
    """The upper 53 bits as a number in [0, 1)."""
    return (bits(key, index) >> 11) / 2**53


def below(key: int, index: int, bound: int) -> int:
    """The upper 32 bits scaled to [0, bound)."""
    return ((bits(key, index) >> 32) * bound) >> 32


def permutation(key: int, n: int) -> list[int]:
    """Fisher and Yates's shuffle, from the end."""
    order = list(range(n))
    for i in reversed(range(1, n)):
        j = below(key, i, i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def vose(weights: list[float]) -> tuple[list[float], list[int]]:
    """Vose's two tables: place i keeps prob[i] of its column, the rest goes to jump[i]."""
    n, total = len(weights), 0.0
    for w in weights:
        total += w
    share = [w * n / total for w in weights]
    small = [i for i in range(n) if share[i] < 1]
    large = [i for i in range(n) if share[i] >= 1]
    prob, jump = [1.0] * n, list(range(n))
    while small and large:
        less, more = small.pop(), large[-1]
        prob[less], jump[less] = share[less], more
        share[more] -= 1 - share[less]
        if share[more] < 1:
            small.append(large.pop())
    return prob, jump


def alias_law(prob: list[float], jump: list[int]) -> list[float]:
    """The law that two tables stand for."""
    law = [0.0] * len(prob)
    for i, keep in enumerate(prob):
        law[i] += keep / len(prob)
        law[jump[i]] += (1 - keep) / len(prob)
    return law


def choose(prob: list[float], jump: list[int], u: float) -> int:
    """The place that u chooses: whole part the column, fraction stay or jump."""
    place = int(u * len(prob))
    return place if u * len(prob) - place < prob[place] else jump[place]


# ---- neighbours ---------------------------------------------------------------------


def arcs(graph: Graph) -> list[tuple[int, int, float]]:
    """(source, target, weight) of every arc, by source and target."""
    weight = [1.0] * graph.num_arcs if graph.weight is None else graph.weight.tolist()
    return list(
        zip(graph.sources.tolist(), graph.targets.tolist(), weight, strict=True)
    )


def out_neighbours(graph: Graph) -> Neighbours:
    """node -> its (target, weight), ascending."""
    near: Neighbours = {v: [] for v in range(graph.num_nodes)}
    for u, v, w in arcs(graph):
        near[u].append((v, w))
    return near


def in_neighbours(graph: Graph) -> Neighbours:
    """node -> its (source, weight), ascending."""
    near: Neighbours = {v: [] for v in range(graph.num_nodes)}
    for u, v, w in arcs(graph):
        near[v].append((u, w))
    return near


def all_neighbours(graph: Graph) -> Neighbours:
    """As `out_neighbours`, directions forgotten: mutual weights add up, a loop is one."""
    if not graph.directed:
        return out_neighbours(graph)
    weight: dict[tuple[int, int], float] = {}
    for u, v, w in arcs(graph):
        for pair in {(u, v), (v, u)}:
            if graph.weight is None:
                weight[pair] = 1.0
            else:
                weight[pair] = weight.get(pair, 0.0) + w
    near: Neighbours = {v: [] for v in range(graph.num_nodes)}
    for u, v in sorted(weight):
        near[u].append((v, float(np.float32(weight[u, v]))))
    return near


def ways_on(graph: Graph, direction: str) -> Neighbours:
    """Where a walk can go from each node."""
    return all_neighbours(graph) if direction == "ignore" else out_neighbours(graph)


# ---- twins of the samplers ----------------------------------------------------------


def edges(graph, options, seed: int, epoch: int, first: int, count: int) -> list[tuple]:
    """(left, right, weight, kind) of arcs: a shuffle, or drawn by weight."""
    own, every = key(seed, "edge", epoch), arcs(graph)
    kept = graph.weight is not None and options.weights == "keep"
    if graph.weight is None or kept:
        chosen = permutation(own, len(every))[first : first + count]
    else:
        tables = vose([w for _, _, w in every])
        chosen = [choose(*tables, unit(own, first + i)) for i in range(count)]
    kind = [0] * len(every) if graph.sign is None else [int(s < 0) for s in graph.sign]
    weight = [w if kept else 1.0 for _, _, w in every]
    return [(every[a][0], every[a][1], weight[a], kind[a]) for a in chosen]


def walks(graph, options, seed: int, epoch: int, first: int, count: int) -> list[Walk]:
    """First-order walks from shuffled starts; a walk ends where there is no way on."""
    move = _mover(ways_on(graph, options.direction), graph.weight is not None)
    own, length = key(seed, "walk", epoch), options.walk_length
    out = []
    for number in range(first, first + count):
        walk = [_start(graph.num_nodes, seed, epoch, number)]
        while len(walk) < length:
            x = move(walk[-1], unit(own, number * length + len(walk)))
            if x is None:
                break
            walk.append(x)
        out.append((tuple(walk), 0))
    return out


def second_order(
    graph, options, seed: int, epoch: int, first: int, count: int
) -> list[Walk]:
    """node2vec's walks: a candidate by weight, kept in proportion to its bias.

    Without weights, what the way back counts above all others lies beside the arcs.
    """
    near = ways_on(graph, options.direction)
    weighted = graph.weight is not None
    move = _mover(near, weighted)
    own, length = key(seed, "walk", epoch), options.walk_length
    most = (
        max(1, 1 / options.q) if not weighted else max(1 / options.p, 1, 1 / options.q)
    )
    more = max(0, 1 / options.p / most - 1)
    out = []
    for number in range(first, first + count):
        walk = [_start(graph.num_nodes, seed, epoch, number)]
        while len(walk) < length:
            step, tries, kept = bits(own, number * length + len(walk)), 0, False
            ways, beside = [y for y, _ in near[walk[-1]]], more
            while not kept:
                u = unit(step, tries)
                if len(walk) == 1 or len(ways) < 2:
                    x, kept = move(walk[-1], u), True
                elif (place := int(u * (len(ways) + beside))) >= len(ways):
                    x, kept, beside = walk[-2], walk[-2] in ways, 0
                else:
                    x = move(walk[-1], u) if weighted else ways[place]
                    keep = bias(near, walk[-2], x, options.p, options.q) / most
                    kept = unit(step, tries + 1) < keep
                tries += 2
            if x is None:
                break
            walk.append(x)
        out.append((tuple(walk), 0))
    return out


def alternating(
    graph, options, seed: int, epoch: int, first: int, count: int
) -> list[Walk]:
    """NERD's walks: numbers 2i and 2i + 1 start at source and target of the same arc."""
    every, length = arcs(graph), options.walk_length
    weighted = graph.weight is not None
    out_move = _mover(out_neighbours(graph), weighted)
    in_move = _mover(in_neighbours(graph), weighted)
    begin, own = key(seed, "start", epoch), key(seed, "walk", epoch)
    tables = vose([w for _, _, w in every]) if weighted else None
    order = [] if weighted else permutation(begin, len(every))
    out = []
    for number in range(first, first + count):
        half, side = divmod(number, 2)
        arc = choose(*tables, unit(begin, half)) if tables else order[half]
        source, target = every[arc][:2]
        walk = [source, target] if side == 0 else [target, source]
        while len(walk) < length:
            on_source = (len(walk) - 1 + side) % 2 == 0
            move = out_move if on_source else in_move
            walk.append(move(walk[-1], unit(own, number * length + len(walk))))
        out.append((tuple(walk), side))
    return out


def bias(near: Neighbours, before: int, x: int, p: float, q: float) -> float:
    """What multiplies the weight of going on to x after coming from `before`."""
    if x == before:
        return 1 / p
    return 1.0 if x in [y for y, _ in near[before]] else 1 / q


def _start(nodes: int, seed: int, epoch: int, number: int) -> int:
    lap, at = divmod(number, nodes)
    return permutation(key(seed, "start", epoch, lap), nodes)[at]


def _mover(near: Neighbours, weighted: bool):
    """(node, u) -> the neighbour that u chooses, None where there is none."""
    tables = {}
    if weighted:
        for node, ways in near.items():
            if ways:
                prob, jump = vose([w for _, w in ways])
                tables[node] = [float(np.float32(keep)) for keep in prob], jump

    def move(node: int, u: float) -> int | None:
        ways = near[node]
        if not ways:
            return None
        return ways[choose(*tables[node], u) if weighted else int(u * len(ways))][0]

    return move


# ---- stencils -----------------------------------------------------------------------


def as_walks(drawn: Sequences) -> list[Walk]:
    """Drawn sequences as tuples of nodes, each with the side of its first node."""
    return [
        (tuple(row[:length]), side)
        for row, length, side in zip(
            drawn.rows.tolist(),
            drawn.lengths.tolist(),
            drawn.sides.tolist(),
            strict=True,
        )
    ]


def as_pairs(drawn: Pairs) -> list[Pair]:
    """Drawn pairs as (left, right, weight)."""
    columns = drawn.left.tolist(), drawn.right.tolist(), drawn.weight.tolist()
    return list(zip(*columns, strict=True))


def distance_weight(stencil, distance: int, horizon: int) -> float:
    """The weight of a context at a distance of 1 .. horizon."""
    a = stencil.stop_probability
    if stencil.weights == "geometric":
        arrive = (1 - a) ** (distance - 1)
        return arrive if distance == horizon else a * arrive
    return {
        "flat": 1.0,
        "linear": 1 - (distance - 1) / horizon,
        "inverse": 1 / distance,
    }[stencil.weights]


def pairs_of(
    sequences: list[Walk], stencil, longest: int, alternating: bool = False
) -> list[Pair]:
    """Every (left, right, weight) that a stencil takes from sequences.

    Args:
        sequences: nodes and side of each.
        stencil: a stencil's options.
        longest: nodes of a sequence that did not end early.
        alternating: sides switch at every step, and the source side is left.
    """
    return [
        pair
        for walk in sequences
        for pair in _pairs_of(walk, stencil, longest, alternating)
    ]


def _pairs_of(walk: Walk, stencil, longest: int, alternating: bool) -> Iterator[Pair]:
    nodes, side = walk
    if stencil.kind == "pair":
        yield nodes[0], nodes[1], 1.0
    elif stencil.kind == "window":
        for i, centre in enumerate(nodes):
            if stencil.centres == "whole_horizon" and i + stencil.window > longest - 1:
                continue
            for j, context in enumerate(nodes):
                wanted = {"both": j != i, "after": j > i, "before": j < i}[
                    stencil.sides
                ]
                if wanted and abs(j - i) <= stencil.window:
                    yield (
                        centre,
                        context,
                        distance_weight(stencil, abs(j - i), stencil.window),
                    )
    else:
        places = range(1, len(nodes), 2 if alternating else 1)
        horizon = longest // 2 if alternating else longest - 1
        for number, j in enumerate(places, start=1):
            weight = distance_weight(stencil, number, horizon)
            ends = (nodes[0], nodes[j]) if side == 0 else (nodes[j], nodes[0])
            yield (*ends, weight)


def reversed_pairs(graph: Graph, pairs: list[Pair], per_pair: float) -> list[Pair]:
    """Every pair the other way round as noise: no true edge, and no node with itself."""
    true = {(u, v) for u, v, _ in arcs(graph)}
    return [
        (v, u, per_pair * weight)
        for u, v, weight in pairs
        if u != v and (v, u) not in true
    ]


def unlinked_pairs(
    graph: Graph,
    pairs: list[Pair],
    per_pair: int,
    side: str,
    left: tuple[list[float], list[int]],
    right: tuple[list[float], list[int]],
    stream: int,
) -> list[Pair]:
    """Pairs without a link that pairs bring; the weight is 0 after 16 draws in vain."""
    true = {(u, v) for u, v, _ in arcs(graph)}
    found = []
    for i, (u, v, weight) in enumerate(pairs):
        for j in range(per_pair):
            at = i * per_pair + j
            turned = {"target": False, "source": True, "both": at % 2 == 1}[side]
            for turn in range(16):
                draw = unit(stream, at * 16 + turn)
                pair = (choose(*left, draw), v) if turned else (u, choose(*right, draw))
                if pair[0] != pair[1] and pair not in true:
                    found.append((*pair, weight))
                    break
            else:
                found.append((*pair, 0.0))
    return found


def path_signs(graph: Graph, walk: Walk) -> list[int]:
    """+1 or -1 for each node of an alternating walk: the product of the signs so far."""
    signs = {
        (int(u), int(v)): int(s)
        for u, v, s in zip(graph.sources, graph.targets, graph.sign, strict=True)
    }
    nodes, side = walk
    products = [1]
    for i in range(len(nodes) - 1):
        step = (nodes[i], nodes[i + 1])
        outward = (i + side) % 2 == 0
        products.append(products[-1] * signs[step if outward else step[::-1]])
    return products


# ---- scores -------------------------------------------------------------------------


def score(scheme, channel: str, roles: dict[str, np.ndarray], u: int, v: int) -> float:
    """One channel's score, term by term.

    Args:
        scheme: roles and channels.
        channel: name of the channel.
        roles: role or bias name -> (n, k) table; biases under the names of a layout.
        u, v: rows of the left and the right node.
    """
    parts, sign = [], 1
    for word in scheme.channels[channel].terms.split():
        if word in ("+", "-"):
            sign = -1 if word == "-" else 1
            continue
        left, right = word.split(".", 1)
        parts += [
            sign * a * b for a, b in zip(roles[left][u], roles[right][v], strict=True)
        ]
    suffix = f":{channel}" if len(scheme.channels) > 1 else ""
    for name, node in (
        ("bias", u),
        ("bias", v),
        ("source_bias", u),
        ("target_bias", v),
    ):
        if name + suffix in roles:
            parts.append(float(roles[name + suffix][node][0]))
    return math.fsum(parts)


# ---- readers ------------------------------------------------------------------------


class Refused(Exception):
    """An edge list that must not be read."""


Rows = list[tuple[str, str, str | None, str | None]]
Arcs = dict[tuple[object, object], tuple[float | None, int | None]]


def read_text(
    content: bytes,
    source: int | str = 0,
    target: int | str = 1,
    weight: int | str | None = None,
    sign: int | str | None = None,
    delimiter: str | None = None,
    comment: str | None = None,
    header: bool | None = None,
    directed: bool = True,
    duplicates: str = "error",
) -> Arcs:
    """(source, target) -> (weight, sign) of an unpacked edge list, with options of `read_edges`.

    Raises:
        Refused: it is no edge list.
    """
    lines = _lines(content, comment)
    sample = [line for line in lines if line.strip(" \t")][:1000]
    if not sample:
        raise Refused("nothing in it")
    wanted = [c for c in (source, target, weight, sign) if c is not None]
    if delimiter is None:
        delimiter = _delimiter(sample, wanted)
    blank = " \t" if delimiter == " " else ""
    cut = [fields(line, delimiter) for line in lines if line.strip(blank)]
    if len({len(row) for row in cut}) != 1 or len(cut[0]) < 2:
        raise Refused("columns")
    places = {c: _place(c, cut[0]) for c in wanted}
    if places[source] == places[target]:
        raise Refused("one column for both ends")
    if {places[c] for c in (weight, sign) if c is not None} & {
        places[source],
        places[target],
    }:
        raise Refused("a value in the place of an id")
    if header or any(isinstance(c, str) for c in wanted):
        cut = cut[1:]
    rows = [
        tuple(
            None if c is None else row[places[c]]
            for c in (source, target, weight, sign)
        )
        for row in cut
    ]
    return arcs_of(rows, same_value=weight == sign, directed=directed, rule=duplicates)


def arcs_of(rows: Rows, *, same_value: bool, directed: bool, rule: str) -> Arcs:
    """The arcs of rows of text, ids as numbers where all are; repeats by the rule."""
    if not rows:
        raise Refused("no edge")
    texts = [text for row in rows for text in row[:2]]
    whole = all(_is_whole(text) for text in texts)
    if not all(text and text.strip() == text for text in texts):
        raise Refused("an empty or padded id")
    found: dict[tuple, list[tuple[bool, float | None, int | None]]] = {}
    for source, target, weight, sign in rows:
        ends = (int(source), int(target)) if whole else (source, target)
        w = None if weight is None else _number(weight)
        g = None if sign is None else _number(sign)
        if g is not None and (not math.isfinite(g) or g == 0):
            raise Refused("sign")
        if w is not None and same_value and g is not None:
            w = abs(w)
        if w is not None and not 0 < _single(w) < math.inf:
            raise Refused("weight")
        turned = not directed and ends[1] < ends[0]
        key = (ends[1], ends[0]) if turned else ends
        g = None if g is None else (1 if g > 0 else -1)
        found.setdefault(key, []).append((turned, w, g))
    return _joined(found, directed, rule)


def fields(line: str, delimiter: str) -> list[str]:
    """The fields of one line. Quotes count around fields cut by commas and semicolons."""
    if delimiter == " ":
        return [field for field in line.replace("\t", " ").split(" ") if field]
    if delimiter not in ",;":
        return line.split(delimiter)
    out, at = [], 0
    while at <= len(line):
        text = ""
        if line[at : at + 1] == '"':
            at += 1
            while line[at : at + 1] != '"' or line[at : at + 2] == '""':
                if at >= len(line):
                    raise Refused("an open quote")
                text += line[at]
                at += 2 if line[at] == '"' else 1
            at += 1
        end = line.find(delimiter, at)
        end = len(line) if end < 0 else end
        out.append(text + line[at:end])
        at = end + 1
    return out


def _lines(content: bytes, comment: str | None) -> list[str]:
    try:
        text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("not UTF-8") from None
    text = (text + "\n").replace("\r\n", "\n")  # the last line needs no end
    if "\0" in text or "\r" in text:
        raise Refused("a control character")
    lines = [line for line in text.split("\n") if line]
    return [line for line in lines if not (comment and line.startswith(comment))]


def _delimiter(sample: list[str], wanted: list) -> str:
    fits = {}
    for delimiter in "\t,;| ":
        try:
            counts = {len(fields(line, delimiter)) for line in sample}
        except Refused:
            continue
        if len(counts) == 1 and max(counts) > 1:
            fits[delimiter] = max(counts)
    if not fits:
        raise Refused("no delimiter")
    positions = [c for c in wanted if isinstance(c, int)]
    width = max(max([1, *positions]) + 1, len(set(wanted)))
    exact = [delimiter for delimiter, count in fits.items() if count == width]
    return [*exact, *fits][0]


def _place(column: int | str, first: list[str]) -> int:
    if isinstance(column, int):
        if not 0 <= column < len(first):
            raise Refused("no such column")
        return column
    names = [name.strip() for name in first]
    if names.count(column) != 1:
        raise Refused("no such column")
    return names.index(column)


def _is_whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return (
        digits.isascii()
        and digits.isdecimal()
        and str(int(text)) == text
        and -(2**63) <= int(text) < 2**63
    )


def _number(text: str) -> float:
    word = text.strip(" \t").lower()
    if set(word) - set("0123456789.e+-") and word.lstrip("+-") not in (
        "inf",
        "infinity",
        "nan",
    ):
        raise Refused("no number")
    try:
        return float(word)
    except ValueError:
        raise Refused("no number") from None


def _single(value: float) -> float:
    with np.errstate(over="ignore", under="ignore"):
        return float(np.float32(value))


def _joined(found: dict, directed: bool, rule: str) -> Arcs:
    """One weight and sign for each arc; a pair given once each way is no repeat."""
    kept, repeated = {}, 0
    for key, rows in found.items():
        if not directed and len(rows) == 2 and key[0] != key[1]:
            (back, *one), (forth, *other) = rows
            if back != forth and one == other:
                rows = rows[:1]
        kept[key] = [row[1:] for row in rows]
        repeated += len(rows) - 1
    if repeated and rule == "error":
        raise Refused("repeats")
    arcs: Arcs = {}
    for key, values in kept.items():
        arcs[key] = _one(values, rule, repeated > 0)
        if not directed:
            arcs[key[1], key[0]] = arcs[key]
    return arcs


def _one(values: list, rule: str, repeated: bool) -> tuple[float | None, int | None]:
    weights, signs = [w for w, _ in values], {g for _, g in values}
    if repeated and rule in ("sum", "max") and len(signs) > 1:
        raise Refused("both signs")
    weight = weights[0]
    if weight is not None and repeated and rule in ("sum", "max"):
        weight = sum(weights) if rule == "sum" else max(weights)
    if weight is None and repeated and rule == "sum":
        weight = float(len(weights))
    if weight is not None and not math.isfinite(_single(weight)):
        raise Refused("the sum is too large")
    return None if weight is None else _single(weight), values[0][1]


def corpus(
    sentences: list[list[int]],
    options: CorpusOptions,
    seed: int,
    epoch: int,
    first: int,
    count: int,
) -> list[list[list[int]]]:
    """Pieces of a corpus -> its sentences in them -> words that stay."""
    tokens = [word for sentence in sentences for word in sentence]
    begins, at = set(), 0
    for sentence in sentences:
        begins.add(at)
        at += len(sentence)
    moved = below(key(seed, "piece", epoch), 0, options.piece_length)
    stays = key(seed, "subsample", epoch)
    pieces = []
    for piece in range(first, first + count):
        low = piece * options.piece_length - moved
        found: list[list[int]] = [[]]
        for k in range(low, low + options.piece_length):
            if not 0 <= k < len(tokens):
                continue
            if k in begins:
                found.append([])
            share = tokens.count(tokens[k]) / len(tokens)
            ratio = options.subsample / share
            chance = 1.0 if not options.subsample else math.sqrt(ratio) + ratio
            if unit(stays, k) < chance:
                found[-1].append(tokens[k])
        pieces.append([sentence for sentence in found if sentence])
    return pieces
