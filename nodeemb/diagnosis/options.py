"""What decides a diagnosis."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nodeemb.options import Options


class DiagnoseOptions(Options):
    """How evidence is read, dealt and taken apart."""

    width: int = Field(
        default=64,
        ge=4,
        le=1024,
        description="floats a node at which role schemes are compared; half of it is the "
        "rank of two tables",
    )
    deals: int = Field(
        default=2,
        ge=1,
        le=1000,
        description="times that the evidence is dealt to two halves; each half is held "
        "against the other",
    )
    nulls: int = Field(
        default=2,
        ge=1,
        le=1000,
        description="times that direction or word order is left to chance",
    )
    words: int = Field(
        default=1000,
        ge=10,
        le=5000,
        description="most frequent words of a text that are looked at",
    )
    window: int = Field(
        default=5,
        ge=1,
        le=100,
        description="words on a side; one at distance d weighs window - d + 1",
    )
    sides: Literal["after", "both"] = Field(
        default="after",
        description="pairs of a text: after (which word follows which), both (which word "
        "stands near which; a symmetric window has no direction)",
    )
