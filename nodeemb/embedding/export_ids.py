"""Ids as other programs' files hold them: as they are, escaped by choice, or refused.

An escaped id has "%" and the two digits of each byte (of its UTF-8) in place of every
character that would end it, as addresses on the web have, and "%25" in place of "%".
`urllib.parse.unquote` gives the id back.
"""

from __future__ import annotations

import re
import urllib.parse
from typing import Any, NamedTuple

from nodeemb.errors import DataRefused
from nodeemb.graph.ids import Ids

_TYPED = ("npz", "parquet")

# What a reader of the format would take for the end of an id. Many readers of word2vec
# split at any white space, and of TSV at any end of a line; numpy cuts zeros at the end.
_BREAKS = {
    "word2vec": re.compile(r"\s"),
    "word2vec-binary": re.compile(r"[ \n]"),
    "npz": re.compile(r"\0+\Z"),
    "parquet": re.compile(r"(?!)"),
    "projector": re.compile("[\t\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]"),
}
_LONGEST = 1000  # characters in npz, which gives every id the room of the longest


class Written(NamedTuple):
    """How ids are written.

    format, escape: see `written_ids`.
    are_integers: whether they stay whole numbers.
    longest: characters of the longest text.
    """

    format: str
    escape: bool
    are_integers: bool
    longest: int

    def text(self, node: Any) -> Any:
        """An id as it is written; a whole number where they stay so."""
        if self.are_integers:
            return node
        text, breaks = str(node), _BREAKS[self.format]
        if not self.escape:
            return text
        return breaks.sub(_quoted, text.replace("%", "%25"))


def written_ids(ids: Ids, format: str, escape: bool) -> Written:
    """Looks at all ids.

    Args:
        ids: which.
        format: one of `nodeemb.embedding.export.FORMATS`.
        escape: whether what the format cannot hold is escaped.

    Raises:
        DataRefused: the format cannot hold one of them, or would hold two as one.
    """
    if format in _TYPED and ids.are_integers:
        return Written(format, escape, True, 0)
    kinds = {str} if ids.are_integers else set(map(type, ids))
    if format in _TYPED and kinds != {str}:
        odd = next((node for node in ids if type(node) not in (int, str)), ids[0])
        raise DataRefused(
            f"ids such as {odd!r} have no column type",
            allowed="All ids text, or all whole numbers of 64 bits",
            next_step="Save it instead: the folder of `save` holds every id",
        )
    how, longest = Written(format, escape, False, 0), 0
    seen: set[str] | None = (
        set() if kinds != {str} else None
    )  # else they differ as text
    for node in ids:
        text = how.text(node)
        _check(node, text, format)
        longest = max(longest, len(text))
        if seen is not None:
            if text in seen:
                raise DataRefused(
                    f"two ids are both written {text!r}",
                    allowed="Ids that differ as text",
                    next_step="Rename one of them",
                )
            seen.add(text)
    return how._replace(longest=longest)


def _quoted(found: re.Match[str]) -> str:
    return urllib.parse.quote(found[0], safe="")


def _check(node: Any, text: str, format: str) -> None:
    if not text and format not in _TYPED:
        raise DataRefused(
            f"the id {node!r} is empty, which {format} cannot hold",
            next_step="Choose npz or parquet, or give the node another id",
        )
    if found := _BREAKS[format].search(text):
        raise DataRefused(
            f"the id {node!r} holds {found[0]!r}, which {format} cannot hold",
            allowed="parquet holds every text",
            next_step="Choose it, or escape (--escape)",
        )
    if format == "npz" and len(text) > _LONGEST:
        raise DataRefused(
            f"the id {node!r} has {len(text):,} characters, and npz would give every id "
            "as much room",
            allowed=f"At most {_LONGEST:,} characters",
            next_step="Choose parquet",
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DataRefused(
            f"the id {node!r} holds half a surrogate pair, which is no text in UTF-8",
            next_step="Rename it, or save the embedding: `save` holds every id",
        ) from None
