"""Batches: the ends of a pair keep their own noise, whichever way the pair is read."""

import numpy as np
import pytest

from nodeemb.engine import _noises
from nodeemb.errors import WrongUse
from nodeemb.graph.graph import Graph
from nodeemb.recipe import load_recipe
from nodeemb.sampling.registry import plan
from nodeemb.sampling.sequences import Sequences, part_of
from nodeemb.training.batch import pack_each, pack_sequences
from nodeemb.training.batches import batches, make_feed

# sources 0..49, targets 50..54: nobody is both
BIPARTITE = Graph.from_edges(
    np.repeat(np.arange(50), 5), np.tile(np.arange(50, 55), 50), num_nodes=55
)


def parts(side):
    """All parts of an epoch of four_side over edges, noise by degree."""
    recipe = load_recipe(
        "line2",
        overrides={"roles.scheme": "four_side", "noise.power": 1.0, "noise.side": side},
    )
    made = plan(BIPARTITE, recipe.sampler, 0)
    scheme, noises = recipe.scheme(), _noises(made, recipe)
    args = recipe.stencil, scheme, noises, BIPARTITE.out, recipe.training, 0
    feed = make_feed(made, *args)
    names = list(scheme.channels)
    return [(names[p.channel], p) for batch in batches(feed, 0) for p in batch]


@pytest.mark.parametrize("side", ["target", "source", "both"])
def test_noise_of_a_mirrored_pair_is_drawn_for_its_own_ends(side):
    seen = set()
    for name, part in parts(side):
        ends = {"right": (part.pairs.right, part.noise_right)}
        ends["left"] = (part.pairs.left, part.noise_left)
        for end, (rows, noise) in ends.items():
            if noise.size:
                assert (rows < 50).all() == (noise < 50).all()
                assert (rows >= 50).all() == (noise >= 50).all()
                seen.add((name, end))
    wanted = {"target": ["right"], "source": ["left"], "both": ["left", "right"]}[side]
    assert seen == {(name, end) for name in ("left", "right") for end in wanted}


def test_a_shift_by_noise_does_not_go_with_two_kinds_of_noise():
    with pytest.raises(WrongUse, match="one number a node"):
        load_recipe(
            "line2",
            overrides={"roles.scheme": "four_side", "objective.shift": "noise"},
        )


@pytest.mark.parametrize(
    "per_batch, count", [(1, 9), (4, 20), (7, 20), (50, 20), (3, 0)]
)
def test_batches_are_packed_together_as_each_would_be_alone(per_batch, count):
    rng = np.random.default_rng(per_batch)
    lengths = rng.choice([1, 2, 5, 8, 13], count).astype(np.int32)
    lengths[:per_batch] = 1  # nothing is left of the first batch
    rows = rng.integers(0, 99, (count, 13)).astype(np.int32)
    drawn = Sequences(rows, lengths, np.zeros(count, np.int8))
    found = pack_each(drawn, per_batch, 10)
    assert len(found) == max(1, -(-count // per_batch))
    for b, packed in enumerate(found):
        own = part_of(drawn, b * per_batch, (b + 1) * per_batch)
        alone = pack_sequences(own, 10)
        for one, other in zip(packed, alone, strict=True):
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype
        walks = [list(own.rows[i, :k]) for i, k in enumerate(own.lengths) if k > 1]
        assert list(packed.rows) == [node for walk in walks for node in walk]
        ends = np.cumsum([0, *map(len, walks)])
        np.testing.assert_array_equal(packed.start, np.repeat(ends[:-1], np.diff(ends)))
        np.testing.assert_array_equal(packed.stop, np.repeat(ends[1:], np.diff(ends)))
        assert packed.blocks[0] == 0 and packed.blocks[-1] == ends[-1]
        assert set(packed.blocks) <= set(ends)
        for first, last in zip(packed.blocks[:-1], packed.blocks[1:], strict=True):
            assert 0 < last - first <= 13  # one walk may be longer than a block
            own_walks = len([end for end in ends if first < end <= last])
            assert last - first <= 10 or own_walks == 1
