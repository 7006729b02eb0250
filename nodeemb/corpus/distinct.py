"""About how many edges a corpus's word graph will have, without counting them one by one.

Each pair of words within the window is hashed to 64 bits; the first 14 choose one of 2^14
registers, which keeps the longest run of zeros that the others began with. A register that
n / 2^14 distinct pairs met holds about log2 of that, so

    distinct = a m^2 / sum_j 2^-register_j,    a = 0.7213 / (1 + 1.079 / m),    m = 2^14

and where registers are still empty m log(m / empty) for few pairs. Off by 1 % or so. A long
corpus is read in parts; what more tokens would bring is then told from how the number grew
between a half of these parts and all: distinct(T) ~ T^b (Heaps' law).

Source: Flajolet, Fusy, Gandouet, Meunier. HyperLogLog: the analysis of a near-optimal
cardinality estimation algorithm. AofA 2007.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from nodeemb.compiled import njit
from nodeemb.corpus.corpus import Corpus
from nodeemb.corpus.options import PairOptions
from nodeemb.memory import let_go
from nodeemb.rng import bits, stream_key

_BITS = 14
_REGISTERS = 1 << _BITS
_TOKENS = 1 << 24  # at most so many are looked at
_PART = 1 << 18
_REST, _FIRST = np.uint64(64 - _BITS), np.uint64(1 << 63)
_TAKEN, _ONE = np.uint64(_BITS), np.uint64(1)


class Distinct(NamedTuple):
    """edges: about so many distinct pairs, self loops included.

    growth: b, the power of the number of tokens by which they grow.
    """

    edges: int
    growth: float


def distinct_pairs(corpus: Corpus, options: PairOptions) -> Distinct:
    """How many edges the word graph of these options has, about.

    Args:
        corpus: an encoded text.
        options: window, sides and self pairs count; weights and memory do not matter.
    """
    registers = np.zeros((2, _REGISTERS), np.uint8)
    looked_at, half = [0, 0], registers[0]
    both, loops = options.sides == "both", options.self_pairs == "keep"
    key = stream_key(0, "distinct pairs")
    for number, (tokens, starts) in enumerate(_parts(corpus)):
        side = number % 2
        _sketch(tokens, starts, options.window, both, loops, key, registers[side])
        looked_at[side] += len(tokens)
    whole, tokens_read = _about(registers.max(axis=0)), sum(looked_at)
    growth = 1.0
    if 0 < looked_at[0] < tokens_read and (first := _about(half)):
        steps = np.log(tokens_read / looked_at[0])
        growth = float(np.clip(np.log(whole / first) / steps, 0.0, 1.0))
    more = corpus.num_tokens / max(tokens_read, 1)
    return Distinct(round(whole * more**growth), growth)


def _parts(corpus: Corpus) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Tokens and starts of parts that lie evenly over the corpus; sentences are whole ones
    but at a part's ends."""
    length = min(_PART, -(-corpus.num_tokens // 2))
    count = -(-corpus.num_tokens // length)
    taken = min(count, max(2, _TOKENS // length))
    for number in range(taken):
        begin = number * count // taken * length
        end = min(begin + length, corpus.num_tokens)
        inside = corpus.starts[slice(*np.searchsorted(corpus.starts, [begin, end]))]
        starts = np.concatenate([[begin], inside, [end]]) - begin
        yield np.array(corpus.tokens[begin:end]), starts
        let_go(corpus.tokens)
        let_go(corpus.starts)


def _about(registers: np.ndarray) -> float:
    """How many distinct pairs the registers have met."""
    met = 0.7213 / (1 + 1.079 / _REGISTERS) * _REGISTERS**2
    met /= np.exp2(-registers.astype(np.float64)).sum()
    empty = int((registers == 0).sum())
    few = met <= 2.5 * _REGISTERS and empty > 0
    return float(_REGISTERS * np.log(_REGISTERS / empty) if few else met)


@njit
def _sketch(tokens, starts, window, both, loops, key, registers):
    """Shows the pairs of some sentences to the registers.

    Without `both` a pair is (earlier, later): edges to those before are as many.
    """
    for sentence in range(len(starts) - 1):
        end = starts[sentence + 1]
        for centre in range(starts[sentence], end):
            left = np.int64(tokens[centre])
            for other in range(centre + 1, min(centre + 1 + window, end)):
                right = np.int64(tokens[other])
                if left == right and not loops:
                    continue
                _show(bits(key, (left << 32) | right), registers)
                if both and left != right:
                    _show(bits(key, (right << 32) | left), registers)


@njit(inline="always")
def _show(hashed, registers):
    place, rest, run = hashed >> _REST, hashed << _TAKEN, 1
    while rest & _FIRST == 0 and run <= 64 - _BITS:
        rest <<= _ONE
        run += 1
    if run > registers[place]:
        registers[place] = run
