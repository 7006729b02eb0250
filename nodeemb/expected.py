"""What a preset promises: results that a test reaches again, on links and on words."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from nodeemb.options import Options


class ExpectedLinks(Options):
    """A result that a test checks: link prediction on a data set's standard split."""

    kind: Literal["links"] = "links"
    dataset: str = Field(description="name of a dataset card")
    negatives: str = Field(
        description="kind of test negatives; sign: the links of negative sign"
    )
    auc: float = Field(
        ge=0, le=1, description="AUC over three seeds, half of the links hidden"
    )
    within: float = Field(gt=0, le=0.1, description="how far off is still right")

    @property
    def text(self) -> str:
        """For people."""
        return (
            f"{self.dataset}, half of the links hidden, {self.negatives} negatives: "
            f"AUC {self.auc:g} within {self.within:g}"
        )


class ExpectedWords(Options):
    """A result that a test checks: the order of word pairs, as people put them."""

    kind: Literal["words"] = "words"
    corpus: str = Field(
        description="name of a text's card, read as words in lower case that come five "
        "times or more"
    )
    window: int | None = Field(
        default=None,
        ge=1,
        description="window of the word graph that is trained on, counted with weights "
        "1/distance; null: the corpus itself",
    )
    words: str = Field(description="name of a word set's card")
    readout: str = Field(
        description="vectors whose cosines count: in, out, sum, concat"
    )
    spearman: float = Field(
        ge=-1, le=1, description="Spearman's correlation, the mean over three seeds"
    )
    within: float = Field(gt=0, le=0.1, description="how far off is still right")

    @property
    def text(self) -> str:
        """For people."""
        graph = f" as a word graph of window {self.window}" if self.window else ""
        return (
            f"{self.corpus}{graph}, {self.words}, readout {self.readout}: Spearman "
            f"{self.spearman:g} within {self.within:g}"
        )


def _kind(given: Any) -> Any:
    """What a promise is about: as it says, else by what it names."""
    if isinstance(given, dict):
        return given.get("kind", "words" if "words" in given else "links")
    return getattr(given, "kind", None)


Expected = Annotated[
    Annotated[ExpectedLinks, Tag("links")] | Annotated[ExpectedWords, Tag("words")],
    Discriminator(_kind),
]
