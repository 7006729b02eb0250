"""What the pairs of a channel are told apart from: shares of a mixture, told once.

Of K noise pairs for a positive pair (u, v)

    K (1 - uniform - reversed)   replace an end by a node drawn by degree ** power,
    K uniform                    replace an end by any node,
    K reversed                   are (v, u) itself, left out where (v, u) is an edge.

A recipe has one mixture, and a channel of a role scheme may have its own.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from nodeemb.errors import WrongUse
from nodeemb.options import Options

PerPair = Annotated[
    float,
    Field(
        ge=0,
        le=1000,
        description="noise pairs a positive pair counts for (K), 0 to 1000; 0 for none",
    ),
]
Power = Annotated[
    float,
    Field(
        ge=0,
        le=2,
        description="noise nodes are drawn by degree (of the side they stand on) to this "
        "power, 0 to 2; 0: every node alike, popularity stays in the scores; 0.75 or 1 "
        "removes it",
    ),
]
Uniform = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        description="share of the noise that is any node alike, 0 to 1; what `uniform` and "
        "`reversed` leave of 1 is drawn by degree",
    ),
]
Reversed = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        description="share of the noise that is the pair itself the other way round, 0 to "
        "1; left out where that is an edge of the graph",
    ),
]


def check_shares(uniform: float, reversed: float) -> None:
    """Refuses shares that leave less than nothing for noise by degree.

    Raises:
        WrongUse: with their sum.
    """
    if uniform + reversed > 1 + 1e-9:
        raise WrongUse(
            f"uniform {uniform:g} and reversed {reversed:g} are {uniform + reversed:g} of "
            "the noise",
            allowed="At most 1 together; the rest is drawn by degree",
        )


class ChannelNoise(Options):
    """The noise of one channel: its own mixture in place of the recipe's.

    Raises:
        WrongUse: shares above 1 together.
    """

    per_pair: PerPair | None = Field(
        default=None,
        description="noise pairs a positive pair counts for (K), 0 to 1000; null: as the "
        "recipe has it",
    )
    power: Power | None = Field(
        default=None,
        description="power of the degree for what is drawn by it, 0 to 2; null: as the "
        "recipe has it",
    )
    uniform: Uniform = 0.0
    reversed: Reversed = 0.0

    @model_validator(mode="after")
    def _check(self) -> ChannelNoise:
        check_shares(self.uniform, self.reversed)
        return self
