"""The options of samplers, stencils and noise: what a recipe may say about pairs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from nodeemb.errors import WrongUse
from nodeemb.options import Options
from nodeemb.roles.noise import (
    ChannelNoise,
    PerPair,
    Power,
    Reversed,
    Uniform,
    check_shares,
)

_Direction = Literal["follow", "ignore"]
_WalkLength = Annotated[
    int,
    Field(
        ge=2, le=10_000, description="nodes in a walk, the start included; 2 to 10,000"
    ),
]
_PerNode = Annotated[
    int, Field(ge=1, le=10_000, description="walks started at each node in an epoch")
]
_DIRECTION = (
    "follow: walks go along the edges and end at a node without out-edge; "
    "ignore: edges are walked both ways"
)


class EdgeOptions(Options):
    """Every edge is a sequence of two: source, target."""

    kind: Literal["edges"] = "edges"
    weights: Literal["draw", "keep"] = Field(
        default="draw",
        description="of edges that have weights. draw: as many draws by weight as there are "
        "edges; keep: every edge once, and its pair has its weight",
    )


class WalkOptions(Options):
    """Walks to a random neighbour, by weight where there are weights."""

    kind: Literal["walks"] = "walks"
    direction: _Direction = Field(default="follow", description=_DIRECTION)
    walk_length: _WalkLength = 80
    walks_per_node: _PerNode = 10


class SecondOrderOptions(Options):
    """Walks that look one step back (node2vec)."""

    kind: Literal["second_order"] = "second_order"
    direction: _Direction = Field(default="ignore", description=_DIRECTION)
    walk_length: _WalkLength = 80
    walks_per_node: _PerNode = 10
    p: float = Field(
        default=1.0,
        ge=1e-3,
        le=1e3,
        description="return parameter, 0.001 to 1000: high p, few returns",
    )
    q: float = Field(
        default=1.0,
        ge=1e-3,
        le=1e3,
        description="in-out parameter, 0.001 to 1000: high q stays near",
    )


class AlternatingOptions(Options):
    """Walks that go out along an edge and back along another (NERD)."""

    kind: Literal["alternating"] = "alternating"
    walk_length: int = Field(
        default=6,
        ge=2,
        le=10_000,
        multiple_of=2,
        description="nodes in a walk, both sides counted; an even number from 2 to 10,000",
    )


class CorpusOptions(Options):
    """The sentences of a corpus (word2vec)."""

    kind: Literal["corpus"] = "corpus"
    subsample: float = Field(
        default=1e-3,
        ge=0,
        le=1,
        description="t: a word of share f among the tokens stays with probability "
        "sqrt(t/f) + t/f; 0: all stay",
    )
    piece_length: int = Field(
        default=500,
        ge=2,
        le=10_000,
        description="sentences are cut after so many tokens, in each epoch at other "
        "places; 2 to 10,000",
    )


Sampler = Annotated[
    EdgeOptions | WalkOptions | SecondOrderOptions | AlternatingOptions | CorpusOptions,
    Field(discriminator="kind"),
]


class PairStencil(Options):
    """The two nodes of a sequence of two."""

    kind: Literal["pair"] = "pair"


class WindowStencil(Options):
    """Each node with the nodes around it."""

    kind: Literal["window"] = "window"
    window: int = Field(
        default=10, ge=1, le=1000, description="nodes on each side; 1 to 1000"
    )
    weights: Literal["flat", "linear", "inverse", "geometric"] = Field(
        default="flat",
        description="weight at distance d of window w: flat 1; linear (w - d + 1)/w; "
        "inverse 1/d; geometric a(1 - a)^(d-1), the rest of the mass at d = w",
    )
    sides: Literal["both", "after", "before"] = Field(
        default="both", description="contexts after the centre, before it, or both"
    )
    centres: Literal["all", "whole_horizon"] = Field(
        default="all",
        description="whole_horizon: only centres with `window` places ahead in a full walk, "
        "so that the law of distances is exact",
    )
    stop_probability: float = Field(
        default=0.15,
        gt=0,
        lt=1,
        description="a of the geometric weights, between 0 and 1",
    )


class FirstStencil(Options):
    """The first node with each later node (of the other side in alternating walks)."""

    kind: Literal["first"] = "first"
    weights: Literal["flat", "linear", "inverse", "geometric"] = Field(
        default="flat",
        description="as for a window; distance counts contexts, not steps",
    )
    stop_probability: float = Field(
        default=0.15,
        gt=0,
        lt=1,
        description="a of the geometric weights, between 0 and 1",
    )


Stencil = Annotated[
    PairStencil | WindowStencil | FirstStencil, Field(discriminator="kind")
]


class NoiseOptions(Options):
    """What pairs are told apart from: a mixture of random nodes and reversed pairs.

    Raises:
        WrongUse: shares above 1 together.
    """

    per_pair: PerPair = 5.0
    power: Power = 0.75
    uniform: Uniform = 0.0
    reversed: Reversed = 0.0
    unlinked: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="pairs without a link, one end kept, that every pair brings besides; they "
        "train every channel that has a label for `none`, 0 to 1000",
    )
    side: Literal["target", "source", "both"] = Field(
        default="target",
        description="which end noise nodes replace; both: half of them each",
    )
    shared: int = Field(
        default=64,
        ge=1,
        le=4096,
        description="noise nodes a block shares (N); 1 to 4096",
    )

    @model_validator(mode="after")
    def _check(self) -> NoiseOptions:
        check_shares(self.uniform, self.reversed)
        return self

    def of(self, own: ChannelNoise | None) -> NoiseOptions:
        """The noise of a channel: its own mixture where it has one, else this."""
        if own is None:
            return self
        named = own.model_dump(exclude_none=True)
        return self.model_copy(update=named)

    @property
    def node_pairs(self) -> float:
        """Noise pairs with a noise node that a positive pair counts for."""
        return self.per_pair * max(0.0, 1 - self.reversed)

    @property
    def reversed_pairs(self) -> float:
        """Reversed pairs that a positive pair counts for."""
        return self.per_pair * self.reversed

    @property
    def uniform_share(self) -> float:
        """Share of the noise nodes that are any node alike."""
        return (
            0.0 if self.reversed >= 1 else min(1.0, self.uniform / (1 - self.reversed))
        )


def check_stencil(sampler: str, stencil: object, walk_length: int | None) -> None:
    """Refuses a sampler and a stencil that do not belong together.

    Raises:
        WrongUse: with what would.
    """
    kind = stencil.kind  # type: ignore[attr-defined]
    fits = {
        "edges": ("pair",),
        "alternating": ("first",),
        "corpus": ("window",),
    }.get(sampler, ("window", "first"))
    if kind not in fits:
        raise WrongUse(
            f'stencil "{kind}" does not go with sampler "{sampler}"',
            allowed=f"{' or '.join(fits)}",
        )
    window = getattr(stencil, "window", 0)
    if walk_length is not None and window >= walk_length:
        if sampler == "corpus":
            raise WrongUse(
                f"window {window} does not fit into pieces of {walk_length} words, at which "
                "sentences are cut",
                allowed=f"window below {walk_length}",
                next_step=f"Set sampler.piece_length={2 * window} or more",
            )
        raise WrongUse(
            f"window {window} does not fit into walks of {walk_length} nodes",
            allowed=f"window below {walk_length}",
        )
