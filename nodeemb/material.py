"""What a recipe learns from, a graph or a corpus: whether it fits, and what should be known."""

from __future__ import annotations

import logging

from nodeemb.corpus.corpus import Corpus
from nodeemb.defaults import CORPUS, default_preset
from nodeemb.errors import DataRefused, WrongUse
from nodeemb.forecast import WORD_BYTES, Size, graph_size
from nodeemb.graph.graph import Graph
from nodeemb.recipe import Recipe
from nodeemb.roles.layout import lay_out
from nodeemb.roles.scheme import RoleScheme
from nodeemb.sampling.sequences import Plan
from nodeemb.training.backends.machine import HALVES

_LOG = logging.getLogger("nodeemb")


def default_for(material: Graph | Corpus, trains: bool = False) -> str:
    """The preset that is taken where none is named; trains: as in `default_preset`."""
    if isinstance(material, Corpus):
        return CORPUS
    return default_preset(material.directed, material.num_arcs, trains)


def material_size(material: Graph | Corpus) -> Size:
    """The size of a graph or a corpus that is there."""
    if isinstance(material, Graph):
        return graph_size(material)
    return Size(material.num_nodes, 0, id_bytes=WORD_BYTES, tokens=len(material.tokens))


def digest_of(material: Graph | Corpus) -> str:
    """A hash of the graph or the corpus."""
    return material.digest() if isinstance(material, Graph) else material.digest


def check_material(material: Graph | Corpus, recipe: Recipe) -> None:
    """Refuses a graph or a corpus that the recipe cannot use.

    Raises:
        WrongUse: the recipe is for the other kind, or needs signs or weights that are not
            there.
        DataRefused: there is nothing to learn from.
    """
    corpus = isinstance(material, Corpus)
    reads = recipe.factorise is None and recipe.sampler.kind == "corpus"
    if corpus and not reads:
        raise WrongUse(
            f"the recipe {recipe.name} is for graphs, and this is a corpus",
            allowed="Presets with the sampler corpus, such as sgns",
            next_step="Make a graph of it: nodeemb wordgraph",
        )
    if reads and not corpus:
        raise WrongUse(
            f"the recipe {recipe.name} reads a corpus, and this is a graph",
            next_step="Choose a preset for graphs, or make a corpus of text by nodeemb.read_corpus",
        )
    if not isinstance(material, Corpus):
        check_graph(material, recipe, recipe.scheme())


def check_graph(graph: Graph, recipe: Recipe, scheme: RoleScheme) -> None:
    """Refuses a graph that the recipe cannot use.

    Raises:
        WrongUse: the scheme needs signs and the graph has none.
        DataRefused: no edge joins two nodes, so there is nothing to learn from.
    """
    if graph.report.edges <= graph.report.self_loops:
        raise DataRefused(
            "no edge of this graph joins two nodes: there is nothing to learn from",
            next_step="Check which columns were read as source and target",
        )
    if scheme.kind_of == "sign" and graph.sign is None:
        raise WrongUse(
            f"scheme {scheme.name} needs signed edges; this graph has no signs",
            next_step="Read the graph with a sign column, or choose another scheme",
        )
    if recipe.objective.target == "log_weight" and graph.weight is None:
        raise WrongUse(
            "objective.target=log_weight fits scores to the weights of edges; this graph "
            "has no weights",
            next_step="Read the graph with a weight column, or choose another objective",
        )
    _check_absent(graph, recipe)
    one_way = graph.directed and graph.report.reciprocity < 1
    if not one_way and any(noise.reversed_pairs for noise in recipe.noises()):
        raise WrongUse(
            "every edge of this graph has its reverse, so there is no reversed noise",
            next_step="Set noise.reversed=0, or choose a scheme without it",
        )


def _check_absent(graph: Graph, recipe: Recipe) -> None:
    """Refuses weights that say less than no edge does."""
    objective = recipe.objective
    noisy = any(noise.per_pair > 0 for noise in recipe.noises())
    if objective.target != "log_weight" or not noisy or graph.weight is None:
        return
    least = float(graph.weight.min())
    if least <= objective.absent:
        raise WrongUse(
            f"the least weight of this graph is {least:g}, and pairs without an edge are "
            f"taken to have {objective.absent:g} (objective.absent)",
            allowed="objective.absent below the least weight",
            next_step=f"Set objective.absent={least / 2:g}, or noise.per_pair=0",
        )


def notes(
    material: Graph | Corpus, recipe: Recipe, scheme: RoleScheme, made: Plan
) -> list[str]:
    """What the user should know of this material under this recipe, in sentences."""
    told = []
    if isinstance(material, Graph):
        told = _graph_notes(material, recipe, scheme, made)
    if cores := lay_out(scheme, recipe.width(), recipe.roles.biases).core_numbers:
        told.append(
            f"the learned core of {' and '.join(scheme.images)} has {cores:,} numbers, which "
            f"all nodes share, beside {recipe.width()} floats a node; the backends torch and "
            "reference alone can train it"
        )
    if recipe.training.bfloat16 and not HALVES:
        told.append(
            "this processor has no fast VDPBF16PS: products of bfloat16 take the backend cpu "
            "longer than those of float32 (training.bfloat16=false)"
        )
    for note in told:
        _LOG.warning(note)
    return told


def _graph_notes(
    graph: Graph, recipe: Recipe, scheme: RoleScheme, made: Plan
) -> list[str]:
    told = []
    n = graph.num_nodes
    follows = getattr(recipe.sampler, "direction", "follow") == "follow"
    terms = [term.roles for c in scheme.channels.values() for term in c.parsed()]
    # a role that stands on both sides learns from either part that its node plays
    apart = {left for left, _ in terms} != {right for _, right in terms}
    if graph.directed and follows and recipe.sampler.kind in ("walks", "second_order"):
        sinks = int((graph.out_degree == 0).sum())
        if sinks:
            note = f"{sinks:,} of {n:,} nodes have no out-edge: a walk ends there"
            if apart and getattr(recipe.stencil, "sides", "after") == "after":
                note += ", and their left (source) vectors are learned from no pair"
            told.append(note)
    elif graph.directed and follows and apart:
        silent = int((made.left_degree == 0).sum()), int((made.right_degree == 0).sum())
        if any(silent):
            told.append(
                f"{silent[0]:,} of {n:,} nodes are never the source of a pair and "
                f"{silent[1]:,} never its target: those vectors are learned from noise only, "
                "or not at all"
            )
    if graph.directed and not follows:
        told.append("directions are ignored, as this recipe asks")
    if "target" in scheme.roles and graph.directed and _symmetric(graph):
        told.append(
            "every edge has its reverse: source and target roles cannot differ in what they know"
        )
    mutual = graph.report.reciprocity
    if mutual and any(noise.reversed_pairs for noise in recipe.noises()):
        told.append(
            f"{100 * mutual:.1f} % of the edges have their reverse, which is then no noise"
        )
    if graph.sign is not None and scheme.kind_of != "sign":
        told.append("signs are not used by this recipe: all edges count as links")
    return told


def _symmetric(graph: Graph) -> bool:
    """Whether every edge has its reverse, with the same weight."""
    if graph.report.reciprocity < 1:
        return False
    weight = graph.weight
    return weight is None or bool((weight[graph.into.arcs] == weight).all())
