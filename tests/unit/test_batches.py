"""Batches: the ends of a pair keep their own noise, whichever way the pair is read."""

import numpy as np
import pytest

from nodeemb.engine import _noises
from nodeemb.errors import WrongUse
from nodeemb.graph.graph import Graph
from nodeemb.recipe import load_recipe
from nodeemb.sampling.registry import plan
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
