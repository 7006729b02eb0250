"""How much role structure a graph or a text holds, before anything is trained.

The evidence is dealt to two halves at random (nodeemb.diagnosis.evidence), each half becomes a
matrix of what it holds beyond chance (operators), and what both halves agree on is the
structure: its skew and negative shares (shares), how much of its asymmetry one number a node
explains (potential), and which role scheme fitted to one half says most of the other (fits).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array

from nodeemb.corpus.corpus import Corpus
from nodeemb.diagnosis import ratio
from nodeemb.diagnosis.evidence import Evidence, of_corpus, of_graph
from nodeemb.diagnosis.fits import SCHEMES, fits
from nodeemb.diagnosis.operators import Centred, operator, scale_of
from nodeemb.diagnosis.options import DiagnoseOptions
from nodeemb.diagnosis.parts import Parts, leading, leading_values, take_apart
from nodeemb.diagnosis.potential import gradient_of_events, overlap, ways_of_links
from nodeemb.diagnosis.ratio import Estimate, Ratio
from nodeemb.diagnosis.result import Diagnosis
from nodeemb.diagnosis.shares import (
    negative_of,
    raw_negative,
    raw_skew,
    skew_of_counts,
    skew_of_links,
)
from nodeemb.errors import DataRefused
from nodeemb.factorise.watch import Watch
from nodeemb.graph.graph import Graph
from nodeemb.progress import ProgressFn

_FEWEST = 20  # links or events, below which halves say nothing


@dataclass
class _Found:
    """What the deals gave so far."""

    skew: list[Ratio] = field(default_factory=list)
    negative: list[Ratio] = field(default_factory=list)
    gradient: list[Ratio] = field(default_factory=list)
    potential: list[Ratio] = field(default_factory=list)
    vectors: list[Ratio] = field(default_factory=list)
    overlaps: list[float] = field(default_factory=list)
    fits: dict[tuple[int, str], list[np.ndarray]] = field(default_factory=dict)


def diagnose(
    source: Graph | Corpus,
    options: DiagnoseOptions | None = None,
    seed: int = 0,
    progress: ProgressFn | None = None,
) -> Diagnosis:
    """Measures the role structure of a graph or of a text.

    Args:
        source: a graph (weights that are whole numbers and not all 1 count events; signs
            are left out) or a corpus.
        options: how; None: the defaults.
        seed: of everything left to chance.
        progress: called at each stage.

    Raises:
        DataRefused: there is too little evidence for two halves.
    """
    chosen = DiagnoseOptions() if options is None else options
    if isinstance(source, Corpus):
        kind = "sentences"
        evidence = of_corpus(source, chosen.words, chosen.window, chosen.sides, seed)
    else:
        evidence = of_graph(source, seed)
        kind = "events" if evidence.events else "links"
    return diagnose_evidence(evidence, kind, chosen, seed, progress)


def diagnose_evidence(
    evidence: Evidence,
    kind: str,
    chosen: DiagnoseOptions,
    seed: int = 0,
    progress: ProgressFn | None = None,
) -> Diagnosis:
    """As `diagnose`, of evidence that is there; kind: what it is called.

    On one thread of BLAS: its sums depend on how many there are, and on busy cores two took
    22 times the CPU-seconds of one (telegram).
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):
        return _diagnosed(evidence, kind, chosen, seed, progress)


def _diagnosed(
    evidence: Evidence,
    kind: str,
    chosen: DiagnoseOptions,
    seed: int,
    progress: ProgressFn | None,
) -> Diagnosis:
    whole = evidence.whole
    directed = (whole - whole.T).nnz > 0
    links = whole.nnz if directed else whole.nnz // 2
    if links < _FEWEST:
        raise DataRefused(
            f"pairs with evidence are too few to be dealt to two halves: {links:,}",
            allowed=f"{_FEWEST} or more, loops not counted",
        )
    watch = Watch(progress)
    scale = scale_of(evidence)
    rank = chosen.width // 2
    found = _Found()
    stages = chosen.deals + (chosen.nulls if directed else 0) + 1
    for number in range(chosen.deals):
        watch.tell("evidence in halves", number / stages)
        _deal(evidence, number, scale, chosen, seed, directed, found)
    nulls: list[float] = []
    for number in range(chosen.nulls if directed else 0):
        watch.tell("direction by chance", (chosen.deals + number) / stages)
        null = evidence.null(number)
        nulls.append(_skew(null, scale_of(null), rank, seed))
    watch.tell("raw shares", (stages - 1) / stages)
    total = operator(whole, scale)
    raw = leading_values(total, chosen.width, seed)
    fitted = {place: np.mean(parts, axis=0) for place, parts in found.fits.items()}
    best = max(parts.sum() for parts in fitted.values())
    contrasts = _contrasts(fitted, best, seed)
    undecided = bool(np.isnan(contrasts["source_target"].value))
    rows, columns = np.diff(whole.indptr) > 0, np.diff(whole.tocsc().indptr) > 0
    there = whole.copy()
    there.data[:] = 1
    mutual = there.multiply(there.T).sum()
    return Diagnosis(
        nodes=int((rows | columns).sum()),
        links=links,
        evidence=kind,
        directed=directed,
        reciprocity=float(mutual / whole.nnz),
        one_role=float((rows ^ columns).sum() / (rows | columns).sum()),
        skew=ratio.estimate(ratio.mean(found.skew), seed),
        skew_null=tuple(nulls),
        skew_raw=raw_skew(total),
        negative=ratio.estimate(ratio.mean(found.negative), seed),
        negative_raw=raw_negative(raw),
        gradient=_maybe(found.gradient, seed),
        told_by_potential=_maybe(found.potential, seed),
        told_by_vectors=_maybe(found.vectors, seed),
        overlap=np.nan if undecided else float(np.mean(found.overlaps)),
        fits={
            width: {
                scheme: float(fitted[width, scheme].sum() / best)
                if best > 0
                else np.nan
                for scheme in SCHEMES
            }
            for width in _widths(chosen.width)
        },
        two_tables=contrasts["source_target"],
        skew_form=contrasts["sign_skew"],
        signature=contrasts["signature"],
        options=chosen,
        seed=seed,
    )


def _maybe(ratios: list[Ratio], seed: int) -> Estimate | None:
    return ratio.estimate(ratio.mean(ratios), seed) if ratios else None


def _widths(widest: int) -> list[int]:
    """Powers of two from 4 on, and the widest."""
    powers = [4 << power for power in range(20) if 4 << power < widest]
    return [*powers[-3:], widest]


def _deal(
    evidence: Evidence,
    number: int,
    scale: np.ndarray,
    options: DiagnoseOptions,
    seed: int,
    directed: bool,
    found: _Found,
) -> None:
    """Holds two halves against each other, both ways round."""
    halves = evidence.deal(number)
    both = []
    for own, rest in (halves, halves[::-1]):
        mine, theirs = _operators(own, rest, scale, evidence.events)
        parts = take_apart(mine, theirs, options.width, seed)
        both.append(parts.triplets)
        found.skew.append(
            skew_of_counts(mine, theirs)
            if evidence.events
            else skew_of_links(parts.triplets, theirs)
        )
        # of links the smaller parts are noise, and half of that is negative
        some = None if evidence.events else options.width // 4
        found.negative.append(negative_of(parts.symmetric, some))
        _add_fits(parts, options, found)
        if directed:
            _add_asymmetry(own, rest, evidence.events, parts, scale, found)
    found.overlaps.append(overlap(*both))


def _operators(
    own: csr_array, rest: csr_array, scale: np.ndarray, events: bool
) -> tuple[Centred, Centred]:
    """A half, and the one it is held against."""
    return operator(own, scale), operator(rest, scale, None if events else own)


def _add_fits(parts: Parts, options: DiagnoseOptions, found: _Found) -> None:
    for width in _widths(options.width):
        for scheme, nodes in fits(parts, width).items():
            found.fits.setdefault((width, scheme), []).append(nodes)


def _add_asymmetry(
    own: csr_array,
    rest: csr_array,
    events: bool,
    parts: Parts,
    scale: np.ndarray,
    found: _Found,
) -> None:
    if events:
        found.gradient.append(gradient_of_events(own, rest))
        return
    ways = ways_of_links(own, rest, parts.triplets, scale)
    found.potential.append(ways.potential)
    found.vectors.append(ways.vectors)


def _skew(evidence: Evidence, scale: np.ndarray, rank: int, seed: int) -> float:
    """The skew share by one deal."""
    one, other = _operators(*evidence.deal(0), scale, evidence.events)
    if evidence.events:
        return ratio.value(skew_of_counts(one, other))
    return ratio.value(skew_of_links(leading(one, rank, seed), other))


def _contrasts(
    fitted: dict[tuple[int, str], np.ndarray], best: float, seed: int
) -> dict[str, Estimate]:
    """Differences of schemes at their best widths, in shares of the best fit.

    source_target and sign_skew less the better of single and signature; signature less
    single.
    """
    top = {
        scheme: max(
            (parts for (_, name), parts in fitted.items() if name == scheme),
            key=lambda parts: parts.sum(),
        )
        for scheme in SCHEMES
    }
    one_table = max(
        (top["single"], top["signature"]), key=lambda parts: float(parts.sum())
    )
    size = len(one_table)
    lower = np.full(size, max(best, 0.0) / size)
    return {
        "source_target": _difference(top["source_target"], one_table, lower, seed),
        "sign_skew": _difference(top["sign_skew"], one_table, lower, seed),
        "signature": _difference(top["signature"], top["single"], lower, seed),
    }


def _difference(
    one: np.ndarray, other: np.ndarray, lower: np.ndarray, seed: int
) -> Estimate:
    return ratio.estimate(Ratio(one - other, lower), seed)
