"""`nodeemb inspect`: what is in a graph, before anything is done with it."""

from __future__ import annotations

from nodeemb.cli import options, show


def inspect(
    name: options.InputName = None,
    source: options.Source = None,
    target: options.Target = None,
    weight: options.Weight = None,
    sign: options.Sign = None,
    delimiter: options.Delimiter = None,
    comment: options.Comment = None,
    header: options.Header = None,
    duplicates: options.Duplicates = None,
    undirected: options.Undirected = False,
) -> None:
    """Show what is in a graph: counts, direction, duplicates, dead ends.

    Of edges that come more than once the first counts, unless --duplicates says otherwise.
    """
    from nodeemb.io.graph_files import is_saved_graph
    from nodeemb.io.notes import notes
    from nodeemb.options import parse
    from nodeemb.settings import Input

    given = options.reading(
        name,
        source,
        target,
        weight,
        sign,
        delimiter,
        comment,
        header,
        duplicates,
        undirected,
    )
    saved = name is not None and is_saved_graph(name)  # its duplicates are joined
    joined = {} if saved else {"duplicates": "first"}
    chosen = parse(Input, {**joined, **given}, "options")
    card = chosen.card
    graph = chosen.read()
    report = graph.report
    show.result(chosen.name if card is None else f"{card.name}: {card.title}")
    show.result(report.text())
    if report.duplicates and duplicates is None and not saved:
        show.say(
            "Note: to embed this graph, say what its duplicates mean: --duplicates sum, "
            "max or first."
        )
    if card is None:
        for note in notes(graph, comment):
            show.say(f"Note: {note}")
    else:
        show.result(f"direction means   {card.direction}")
        show.result(f"licence           {card.licence}")
        show.result(f"cite              {card.citation}")
