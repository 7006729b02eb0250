"""The options of factorisations: which matrix of the graph, and how closely it is followed."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from nodeemb.options import Options

_Window = Annotated[
    int, Field(ge=1, le=100, description="longest walk counted, in steps; 1 to 100")
]
_Shift = Annotated[
    float,
    Field(
        gt=0,
        le=1000,
        description="k of log(ratio / k): entries below log k of the ratio are dropped, so "
        "a smaller k keeps more; above 0, to 1000",
    ),
]
_Entries = Annotated[
    int,
    Field(
        ge=1,
        le=1_000_000,
        description="most entries kept in a row, the largest; bounds the memory",
    ),
]


class Decomposition(Options):
    """How long the singular vectors are looked for."""

    passes: int = Field(
        default=1000,
        ge=1,
        le=1_000_000,
        description="most products of the matrix with 16 columns, both ways; at least as "
        "many as give the vectors asked for",
    )
    tolerance: float = Field(
        default=1e-4,
        ge=0,
        lt=1,
        description="end once no vector misses more than this share of the largest value: "
        "|A v - value u| <= tolerance * largest",
    )


class HopeOptions(Decomposition):
    """Katz similarity: all paths, each step worth beta (HOPE)."""

    kind: Literal["hope"] = "hope"
    beta: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="worth of a step as a share of 1 / max(spectral radius, mean weight), "
        "between 0 and 1; the mean weight (1 without weights) decides where there is no "
        "cycle, since the radius is 0 there",
    )


class NetmfOptions(Decomposition):
    """What DeepWalk trains towards, directions ignored (NetMF)."""

    kind: Literal["netmf"] = "netmf"
    window: _Window = 10
    shift: _Shift = 1.0
    eigenpairs: int | None = Field(
        default=None,
        ge=1,
        le=65_536,
        description="null: the walks exactly (small window); a number: from so many "
        "eigenpairs of the normalised adjacency (large window)",
    )
    entries: _Entries = 1000


class DirectedNetmfOptions(Decomposition):
    """As netmf, from walks along the edges and contexts ahead only."""

    kind: Literal["directed_netmf"] = "directed_netmf"
    window: _Window = 5
    shift: _Shift = 1.0
    entries: _Entries = 1000


class NerdClosedOptions(Decomposition):
    """What NERD trains towards: walks that alternate between the two sides."""

    kind: Literal["nerd_closed"] = "nerd_closed"
    contexts: int = Field(
        default=3,
        ge=1,
        le=100,
        description="nodes of the other side a walk meets (n); 1 to 100",
    )
    shift: _Shift = 1.0
    entries: _Entries = 1000


class AseOptions(Decomposition):
    """The adjacency matrix itself (adjacency spectral embedding)."""

    kind: Literal["ase"] = "ase"
    diagonal: float = Field(
        default=1.0,
        ge=0,
        le=1000,
        description="what stands on the diagonal in place of self loops, in units of the "
        "node's mean degree / (nodes - 1); 0: the self loops stay and nothing is added",
    )
    scaled: bool = Field(
        default=True,
        description="true: singular vectors times the root of their values; false: bare",
    )


class StrapOptions(Decomposition):
    """Logarithm of personalised PageRank, of the graph and of its reverse (STRAP)."""

    kind: Literal["strap"] = "strap"
    stop: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="probability that a walk stops at a node, the first included",
    )
    delta: float = Field(
        default=1e-5,
        gt=0,
        lt=1,
        description="sums of the two PageRanks up to this are dropped; between 0 and 1",
    )
    entries: int = Field(
        default=1000,
        ge=1,
        le=1_000_000,
        description="most PageRanks kept a node and direction, on average; where more are "
        "above delta / 2 the smallest of all are dropped, which bounds the memory",
    )


class NrpOptions(Decomposition):
    """Personalised PageRank by powers of a factorised adjacency, then reweighted (NRP)."""

    kind: Literal["nrp"] = "nrp"
    stop: float = Field(
        default=0.15,
        gt=0,
        lt=1,
        description="probability that a walk stops at a node, the first included",
    )
    steps: int = Field(
        default=20, ge=1, le=1000, description="longest walk counted (l1); 1 to 1000"
    )
    sweeps: int = Field(
        default=10,
        ge=0,
        le=1000,
        description="rounds of reweighting (l2) towards the degrees; 0 for none",
    )
    penalty: float = Field(
        default=10.0,
        ge=0,
        le=1e9,
        description="lambda, what large weights cost in the reweighting",
    )


class PpmiSvdOptions(Decomposition):
    """Positive pointwise mutual information of a graph's weights, such as counts of words."""

    kind: Literal["ppmi_svd"] = "ppmi_svd"
    shift: _Shift = 1.0
    smoothing: float = Field(
        default=0.75,
        ge=0,
        le=1,
        description="power of the contexts' counts in what chance would give: 1: as "
        "counted; below 1, less for pairs with rare contexts",
    )
    power: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="power of the singular values in both tables: 0: bare vectors; 0.5: "
        "scores follow the matrix; 1: more weight on the first",
    )


class CalibratedOptions(Decomposition):
    """The chance of a link: closeness times the way it runs, calibrated on hidden links."""

    kind: Literal["calibrated"] = "calibrated"
    stop: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="probability that a walk without directions stops at a node",
    )
    way_stop: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="the same of walks along the links",
    )
    delta: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="sums of two PageRanks up to this are dropped; between 0 and 1. null: "
        "1.25e-6 times the square of the mean number of neighbours, from 1e-5 to 5e-5",
    )
    entries: int = Field(
        default=1000,
        ge=1,
        le=1_000_000,
        description="most PageRanks kept a node, on average; bounds the memory",
    )
    odds: float | None = Field(
        default=None,
        ge=-50,
        le=50,
        description="log-odds taken off closeness: high, closeness decides among the "
        "closest; low, direction does. null: chosen on hidden training links",
    )


_Kinds = (
    HopeOptions
    | NetmfOptions
    | DirectedNetmfOptions
    | NerdClosedOptions
    | AseOptions
    | StrapOptions
    | NrpOptions
    | PpmiSvdOptions
    | CalibratedOptions
)
Factorise = Annotated[_Kinds, Field(discriminator="kind")]


def options_of(kind: str) -> Factorise:
    """The options of a kind, all at their defaults."""
    forms = {form.model_fields["kind"].default: form for form in get_args(_Kinds)}
    return forms[kind]()
