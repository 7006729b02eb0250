"""Published ways to test a directed embedding, as data: which links are hidden, and what
is asked then. `nodeemb evaluate --protocol NAME` follows one from graph to table.

A protocol is a rule for the split (`nodeemb.evaluation.protocol_split`), some columns
(`nodeemb.evaluation.columns`), its paper, how far it is followed, and what is known to
be wrong with it, which every report repeats. What is known to mislead is refused by
name, with the reason: REFUSED.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from nodeemb.errors import WrongUse, unknown_name

Hide = Literal["any", "one of each mutual pair", "nothing"]
Tree = Literal["none", "random", "in row order"]


@dataclass(frozen=True)
class SplitRule:
    """Which links are hidden.

    Attributes:
        test: share of the links hidden for the test.
        validation: share of the links hidden to choose settings by.
        tree: links of which spanning forest (directions ignored) are never hidden:
            none; a random one; or the one found going through the pairs of nodes in row
            order, both links of a mutual pair of it.
        component: only the largest part that hangs together, directions ignored.
        positive: links of negative sign are left out.
        no_self_loops: links from a node to itself are left out.
        no_mutual: both links of a mutual pair are left out.
        hide: which links may be hidden; the test share is for "any" only.
        reciprocal: as in `split_edges`.
    """

    test: float = 0.0
    validation: float = 0.0
    tree: Tree = "none"
    component: bool = False
    positive: bool = False
    no_self_loops: bool = False
    no_mutual: bool = False
    hide: Hide = "any"
    reciprocal: str = "separate"

    def told(self) -> str:
        """The rule in a sentence."""
        left_out = [
            said
            for on, said in (
                (self.component, "only the largest weakly connected component"),
                (self.positive, "only links of positive sign"),
                (self.no_self_loops, "no self loops"),
                (self.no_mutual, "no mutual links"),
            )
            if on
        ]
        parts = [", ".join(left_out), self._hidden()]
        if self.tree != "none":
            parts.append(
                f"the links of {_TREES[self.tree]} are never hidden, so that no part "
                "falls off"
            )
        return "; ".join(filter(None, parts))

    def _hidden(self) -> str:
        if self.hide == "nothing":
            return "nothing is hidden"
        if self.hide != "any":
            return "one link of each mutual pair is hidden"
        said = f"{100 * self.test:g} % of the links are hidden for the test"
        if self.validation:
            said += f", {100 * self.validation:g} % for validation"
        return said


_TREES = {
    "random": "a random spanning tree",
    "in row order": "the spanning tree of the first pairs in row order, in both "
    "directions,",
}


class Protocol(NamedTuple):
    """A published test.

    Attributes:
        name: what it is called here.
        title: what it tests, for people.
        source: its paper, and where its rule was read.
        rule: which links are hidden.
        columns: what is asked, names of COLUMNS; none where labels are asked for.
        differs: where nodeemb does it otherwise.
        defects: what is known to be wrong or weak in it.
        asks: whether scores of pairs answer it, or vectors of labelled nodes.
    """

    name: str
    title: str
    source: str
    rule: SplitRule
    columns: tuple[str, ...]
    differs: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    asks: Literal["links", "labels"] = "links"


class Refusal(NamedTuple):
    """A published test that misleads, why, and what to take instead."""

    reason: str
    instead: str


_DRAWN = "the published splits are fixed files; here the seed draws them"
_UNIFORM = (
    "any two nodes as negatives do not test direction: hardly any of them is a link "
    "turned round"
)

_ROW_TREE = (
    "the tree is the same in every split and holds all links of the first nodes, so the "
    "order of the nodes counts: with random trees the degree sum does better (AUC 0.894 "
    "for 0.871 on cora_ml)"
)

_PROTOCOLS = (
    Protocol(
        "nerd",
        "Half of the links, and more and more negatives that are links turned round",
        "Khosla, Leonhardt, Nejdl, Anand. Node Representation Learning for Directed "
        "Graphs. ECML-PKDD 2019; Zhu et al. Adversarial Directed Graph Embedding. AAAI "
        "2021 (the files)",
        SplitRule(test=0.5),
        ("auc", "auc_reversed:50", "auc_reversed"),
        (
            f"{_DRAWN}, and in the published ones every node keeps a training link",
            "no classifier: the score itself is ranked",
        ),
        (
            "AUC with all negatives reversed flatters scores that only tell sources from "
            "targets: compare the potential difference, one number a node",
            "there are no validation links: settings must be chosen elsewhere",
        ),
    ),
    Protocol(
        "divine",
        "U-, M- and B-LP: uniform, mixed and reversed negatives",
        "Yoo et al. Directed Network Embedding with Virtual Negative Edges. WSDM 2022; "
        "Yoo et al. Disentangling Degree-related Biases and Interest for Out-of-"
        "Distribution Generalized Directed Network Embedding. WWW 2023",
        SplitRule(test=0.2, tree="random"),
        ("auc", "auc_reversed:50", "auc_reversed"),
        (
            _DRAWN,
            "the score itself is ranked, not a logistic regression on both vectors, which "
            "is additive in u and v",
        ),
        ("there are no validation links: settings must be chosen elsewhere",),
    ),
    Protocol(
        "dirlinkbench",
        "80 / 5 / 15, existence among uniform negatives, six measures",
        "He et al. (DirLinkBench). arXiv 2502.05724, 2025",
        SplitRule(
            test=0.15,
            validation=0.05,
            tree="in row order",
            component=True,
            positive=True,
            no_self_loops=True,
        ),
        ("hits@20", "hits@50", "hits@100", "mrr", "auc", "ap", "pair_accuracy"),
        (
            _DRAWN,
            "accuracy at 0.5 is left out: scores here are not all probabilities",
            "pair accuracy is added: the paper asks nothing about direction",
        ),
        (
            _UNIFORM,
            "with few test links Hits@100 is an easy point of the curve: compare Hits@20 "
            "and MRR",
            "the paper reports the best of many features, losses and decoders",
            _ROW_TREE,
        ),
    ),
    Protocol(
        "magnet",
        "Direction, existence and three classes, by accuracy",
        "Zhang, He, Brugnone, Perlmutter, Hirn. MagNet. NeurIPS 2021; He et al. PyTorch "
        "Geometric Signed Directed. arXiv 2202.10793 (link_class_split)",
        SplitRule(test=0.15, validation=0.05, tree="in row order"),
        ("pair_accuracy", "existence", "three_class"),
        (
            "a score and a threshold fitted on validation links answer, not a classifier "
            "on both vectors",
        ),
        (
            "training negatives of the published code avoid test links, so they must "
            "know them; nothing here does",
            "a network of two layers on the degrees alone matches the published models: "
            "read the degree baselines",
            _ROW_TREE,
        ),
    ),
    Protocol(
        "gravity_biased",
        "One-way links against their own reverses",
        "Salha et al. Gravity-Inspired Graph Autoencoders for Directed Link Prediction. "
        "CIKM 2019, task 2",
        SplitRule(test=0.1, no_mutual=True, reciprocal="separate"),
        ("auc_one_way", "ap_one_way", "pair_accuracy"),
        ("mutual links are left out of the graph, not of the training links alone",),
        (
            "one number a node answers much of it: compare the potential difference",
            "AUC over reversed pairs flatters antisymmetric scores: compare the pair "
            "accuracy",
            "there are no validation links: settings must be chosen elsewhere",
        ),
    ),
    Protocol(
        "gravity_bidirectional",
        "Which links are returned",
        "Salha et al. CIKM 2019, task 3",
        SplitRule(hide="one of each mutual pair"),
        ("auc_bidirectional", "ap_bidirectional"),
        (),
        ("there are no validation links: settings must be chosen elsewhere",),
    ),
    Protocol(
        "strap",
        "Half of the links among as many other pairs",
        "Yin, Wei. Scalable Graph Embeddings via Sparse Transpose Proximities. KDD 2019",
        SplitRule(test=0.5),
        ("precision", "auc"),
        ("a node with itself is no negative; in the published code it may be one",),
        (
            _UNIFORM,
            "the published reader counts the last link of a file twice",
            "there are no validation links: settings must be chosen elsewhere",
        ),
    ),
    Protocol(
        "nrp",
        "30 % of the links, AUC of the inner product",
        "Yang, Shi, Xiao, Yang, Bhowmick. Homogeneous Network Embedding for Massive "
        "Graphs via Reweighted Personalized PageRank. PVLDB 2020",
        SplitRule(test=0.3),
        ("auc",),
        ("one table is asked for its score too, not for a classifier on both vectors",),
        (
            _UNIFORM,
            "the directed Wiki graph of the paper is mutual throughout: its result there "
            "says nothing about direction",
            "there are no validation links: settings must be chosen elsewhere",
        ),
    ),
    Protocol(
        "reconstruction",
        "Training links among the best of all pairs",
        "Yin, Wei. KDD 2019; Yang et al. PVLDB 2020",
        SplitRule(hide="nothing"),
        (
            "reconstruction@1000",
            "reconstruction@10000",
            "reconstruction@half",
            "reconstruction@links",
        ),
        ("on more than 100 million pairs a sample of 10 million is scored",),
        ("it rewards remembering: nothing is hidden, and nothing is predicted",),
    ),
    Protocol(
        "nodes",
        "Classes of nodes by logistic regression on their vectors",
        "Perozzi, Al-Rfou, Skiena. DeepWalk. KDD 2014; Khosla et al. NERD. ECML-PKDD 2019",
        SplitRule(hide="nothing"),
        (),
        (
            "all roles side by side, unless one is chosen: equal floats a node for every "
            "model, where the papers take one table of theirs",
            "columns are brought to mean 0 and deviation 1, so that no scale is favoured",
            "five shuffles a seed instead of ten",
        ),
        ("how many classes a node has is told to the classifier",),
        "labels",
    ),
)
PROTOCOLS: dict[str, Protocol] = {each.name: each for each in _PROTOCOLS}

REFUSED: dict[str, Refusal] = {
    "nrp_classifier": Refusal(
        "the released evaluation of NRP fits its classifier on the very test pairs it is "
        "then judged by, and takes the AUC of hard labels",
        "nrp",
    ),
    "dggan_google": Refusal(
        "the Google test file of DGGAN holds all 171,206 links, the 85,769 training "
        "links among them",
        "nerd",
    ),
    "app_sample": Refusal(
        "the sample of APP trains on the reverses of 90 % of its test links, read both "
        "ways, so that the answers are in the training graph",
        "nerd",
    ),
    "odin_ap": Refusal(
        "the evaluator of ODIN takes the average precision of hard predictions, which is "
        "no ranking",
        "divine",
    ),
    "duplex": Refusal(
        "the released DUPLEX passes messages over the test links: 89.8 % accuracy with "
        "them, 81.4 % without",
        "magnet",
    ),
}


def protocol(name: str) -> Protocol:
    """A protocol by name.

    Raises:
        WrongUse: there is none of that name, or it is known to mislead.
    """
    if name in REFUSED:
        raise WrongUse(
            f'the protocol "{name}" is refused: {REFUSED[name].reason}',
            next_step=f"Take {REFUSED[name].instead}",
        )
    if name not in PROTOCOLS:
        raise unknown_name("protocol", name, PROTOCOLS)
    return PROTOCOLS[name]
