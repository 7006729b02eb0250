"""The options of roles, objective and training: how the pairs of a recipe are learned."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nodeemb.options import Options
from nodeemb.roles.scheme import RoleScheme


class RoleOptions(Options):
    """Which tables a node has, and how large they are."""

    scheme: str | RoleScheme = Field(
        default="source_target",
        description="a built-in role scheme, a path to your own in YAML, or the scheme itself",
    )
    biases: Literal["none", "tied", "free"] = Field(
        default="none",
        description="none; tied: one number a node, b(u) + b(v); free: source_bias(u) + "
        "target_bias(v)",
    )
    shares: dict[str, float] = Field(
        default={},
        description="role -> share of the width, 0 to 1 (e.g. minus, shared)",
    )
    nonnegative: bool = Field(
        default=False,
        description="keep the vectors at 0 or above: what an update takes below 0 is put "
        "back to 0; biases may have any sign",
    )
    dim: int | None = Field(
        default=128,
        ge=1,
        le=65_536,
        description="length of the vector of a role; 1 to 65,536",
    )
    width: int | None = Field(
        default=None,
        ge=1,
        le=65_536,
        description="all floats of a node over its roles, biases apart; instead of dim",
    )


class ObjectiveOptions(Options):
    """The loss of a pair's score."""

    kind: Literal["logistic", "squared"] = Field(
        default="logistic",
        description="logistic (skip-gram with noise) or squared (counts)",
    )
    target: Literal["label", "log_weight"] = Field(
        default="label",
        description="what a pair's score should be: 1, or the logarithm of its edge's weight "
        "x, and the pair then counts for min(1, x / x_max) ** x_power (GloVe)",
    )
    x_max: float = Field(
        default=100.0,
        gt=0,
        description="weight from which on a pair counts in full; with target log_weight",
    )
    x_power: float = Field(
        default=0.75,
        ge=0,
        le=1,
        description="how the weights below count; 0: all pairs alike; with target log_weight",
    )
    absent: float = Field(
        default=1.0,
        gt=0,
        description="weight that a pair without an edge is taken to have where there is "
        "noise, below the least weight there is: scores are log(x / absent), and noise has "
        "score 0; with target log_weight",
    )
    shift: float | Literal["noise"] = Field(
        default=0.0,
        description="added to every score while training: a number, or `noise` for "
        "log(K q(v)); with uniform noise the optimum is then log p(v|u) - 2 log(K/n), so "
        "that pairs which never met need no score below 0",
    )


class TrainingOptions(Options):
    """How long, how fast, in what pieces."""

    optimizer: Literal["adagrad", "damped", "sgd"] = Field(
        default="adagrad",
        description="adagrad: one step size a node and role; damped: adagrad whose sums of "
        "squares begin at 100, so that rare nodes take small steps, as with sgd, at a tenth "
        "of the learning rate; sgd: one for all (may diverge)",
    )
    learning_rate: float = Field(
        default=0.05, gt=0, le=100, description="step size, above 0"
    )
    schedule: Literal["linear", "constant"] = Field(
        default="linear", description="linear: falls to a ten-thousandth; constant"
    )
    epochs: int = Field(
        default=1, ge=1, le=1_000_000, description="passes over the samples"
    )
    block_rows: int = Field(
        default=160, ge=2, le=65_536, description="rows of a block of sequences"
    )
    block_pairs: int = Field(
        default=128, ge=1, le=65_536, description="pairs of a block of aligned pairs"
    )
    bfloat16: bool = Field(
        default=False,
        description="multiply in bfloat16: vectors and slopes of scores are rounded to 8 "
        "binary digits as they enter a product, while tables and sums keep all; twice as "
        "fast on AMD from Zen 4 on, whose VDPBF16PS (AVX512_BF16) is fast; slower elsewhere, on "
        "Intel, too",
    )
    batch_blocks: int = Field(
        default=16,
        ge=1,
        le=4096,
        description="blocks computed against the same tables, at most; an epoch is cut into "
        "at least 50 batches where it has the blocks for it",
    )
    init: Literal[
        "random",
        "hope",
        "netmf",
        "directed_netmf",
        "nerd_closed",
        "ase",
        "strap",
        "nrp",
        "ppmi_svd",
    ] = Field(
        default="random",
        description="what the tables begin with: small random numbers, or added to them a "
        "factorisation with its default options, scaled so that the training links "
        "score 2 on average",
    )
    patience: int = Field(
        default=5,
        ge=1,
        le=1_000_000,
        description="with validation links: stop after so many epochs without a better one",
    )
