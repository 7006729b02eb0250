"""What a graph holds, counted when it is made and told to the user."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class GraphReport:
    """Counts of a graph.

    Attributes:
        nodes: nodes, isolated ones included.
        edges: edges after duplicates were joined; undirected edges count one.
        directed, weighted, signed: what kind of graph.
        duplicates: rows of the input beyond the first of the same edge.
        duplicates_rule: how they were joined ("none found", "sum", "max", "first").
        mirrored: undirected input only: edges given in both directions.
        self_loops: edges from a node to itself; kept.
        sinks: nodes with in-edges and no out-edge (directed graphs).
        sources: nodes with out-edges and no in-edge (directed graphs).
        isolated: nodes without any edge; kept.
        reciprocity: share of edges, self loops apart, whose reverse is an edge too.
        negative: edges of sign -1.
        weight_min, weight_max: range of the weights; 1 and 1 where there are none.
    """

    nodes: int
    edges: int
    directed: bool
    weighted: bool
    signed: bool
    duplicates: int
    duplicates_rule: str
    mirrored: int
    self_loops: int
    sinks: int
    sources: int
    isolated: int
    reciprocity: float
    negative: int
    weight_min: float
    weight_max: float

    def as_dict(self) -> dict[str, object]:
        """All counts by name, for JSON."""
        return asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """(name, text) pairs for people, in reading order."""
        rows = [
            ("nodes", f"{self.nodes:,}"),
            ("edges", f"{self.edges:,}"),
            ("direction", "directed" if self.directed else "undirected"),
            (
                "weights",
                f"{self.weight_min:g} to {self.weight_max:g}"
                if self.weighted
                else "none",
            ),
        ]
        if self.signed:
            rows.append(
                (
                    "negative edges",
                    f"{self.negative:,} ({_share(self.negative, self.edges)})",
                )
            )
        joined = "" if not self.duplicates else f" (joined by: {self.duplicates_rule})"
        rows.append(("duplicates", f"{self.duplicates:,}{joined}"))
        if not self.directed:
            rows.append(
                ("given both ways", f"{self.mirrored:,} (each pair is one edge)")
            )
        rows.append(("self loops", f"{self.self_loops:,} (kept)"))
        if self.directed:
            rows += [
                (
                    "sinks",
                    f"{self.sinks:,} ({_share(self.sinks, self.nodes)}; no out-edge: a walk ends there)",
                ),
                (
                    "sources",
                    f"{self.sources:,} ({_share(self.sources, self.nodes)}; no in-edge)",
                ),
                ("reciprocity", f"{100 * self.reciprocity:.1f} %"),
            ]
        rows.append(
            (
                "isolated",
                f"{self.isolated:,} ({_share(self.isolated, self.nodes)}; kept)",
            )
        )
        return rows

    def text(self) -> str:
        """The report as plain lines."""
        return "\n".join(f"{name:<16} {text}" for name, text in self.rows())


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "0 %"
