"""An equal budget: how long each method trains so that all see about as many pairs.

    epochs = max(1, round(budget / pairs of an epoch))

Where walks from every node make one epoch longer than the budget, fewer walks start at
each node (at least one), and the epoch is shorter.
"""

from __future__ import annotations

import json
from itertools import islice

from nodeemb.engine import feed_of
from nodeemb.graph.graph import Graph
from nodeemb.recipe import Recipe, overridden
from nodeemb.training.batch import Band, Part
from nodeemb.training.batches import batches, num_batches

_PROBED = 16  # batches; they are drawn so many at once anyway
_MOST_EPOCHS = 1_000_000


def pairs_of_epoch(graph: Graph, recipe: Recipe, seed: int) -> float:
    """Pairs that an epoch trains, as backends count them: measured on its first batches."""
    feed, _ = feed_of(graph, recipe, seed)
    drawn = [sum(map(_count, parts)) for parts in islice(batches(feed, 0), _PROBED)]
    whole = num_batches(feed)
    if whole <= len(drawn):
        return float(sum(drawn))
    # the last batch of an epoch may be shorter
    return sum(drawn) / len(drawn) * feed.plan.count / feed.per_batch


def _decides_pairs(recipe: Recipe) -> str:
    """What the pairs of an epoch follow from: not how roles share out a node's floats."""
    scheme = recipe.scheme()
    trained = [
        (channel.labels, channel.noise and channel.noise.model_dump(mode="json"))
        for channel in scheme.channels.values()
    ]
    told = recipe.model_dump(
        mode="json",
        include={"sampler", "stencil", "noise", "objective", "training"},
    )
    del told["training"]["epochs"], told["training"]["learning_rate"]
    return json.dumps([told, scheme.kind_of, trained], sort_keys=True)


def _count(part: Part) -> int:
    pairs = part.pairs
    if not isinstance(pairs, Band):
        return len(pairs.left)
    from nodeemb.training.backends.blocks import count_places

    return int(
        count_places(pairs.start, pairs.stop, 0, pairs.after, pairs.before, pairs.limit)
    )


def with_budget(
    recipe: Recipe,
    graph: Graph,
    pairs: float | None,
    seed: int,
    counted: dict[str, float] | None = None,
) -> tuple[Recipe, float]:
    """The recipe trained for about so many pairs.

    Args:
        recipe: the method.
        graph: what it is trained on.
        pairs: the budget; None leaves the recipe as it is.
        seed: of the training.
        counted: pairs of epochs that were counted before on this graph with this seed;
            what is counted now is added.

    Returns:
        (recipe, pairs it will train, about).
    """
    if recipe.factorise is not None:  # it sees the graph as a whole
        return recipe, 0.0
    counted = {} if counted is None else counted
    asked = _decides_pairs(recipe)
    if asked not in counted:
        counted[asked] = pairs_of_epoch(graph, recipe, seed)
    epoch = counted[asked]
    if pairs is None:
        return recipe, epoch * recipe.training.epochs
    walks = getattr(recipe.sampler, "walks_per_node", 1)
    if epoch > pairs and walks > 1:
        fewer = max(1, round(walks * pairs / epoch))
        recipe = overridden(recipe, {"sampler.walks_per_node": fewer})
        epoch *= fewer / walks
    epochs = min(_MOST_EPOCHS, max(1, round(pairs / max(epoch, 1))))
    return overridden(recipe, {"training.epochs": epochs}), epochs * epoch
