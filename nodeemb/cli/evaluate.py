"""`nodeemb evaluate`: hide links, train, and see who finds them; baselines beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from nodeemb.cli import options, show, words
from nodeemb.cli.garbage import look_from_here
from nodeemb.cli.progress import progress
from nodeemb.errors import WrongUse

if TYPE_CHECKING:
    from nodeemb.compare import Job
    from nodeemb.comparison import Comparison

_WHAT = "What to compare"
_ASKED = "What is asked"


Presets = Annotated[
    list[str] | None,
    typer.Option(
        "--preset",
        metavar="NAME",
        help="A method; repeatable. Default: the role schemes side by side, "
        "trained on edges.",
        rich_help_panel=_WHAT,
    ),
]
ComparisonFile = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="A comparison in YAML, such as the config.yaml of an evaluation.",
        rich_help_panel=_WHAT,
    ),
]
Schemes = Annotated[
    list[str] | None,
    typer.Option(
        "--scheme",
        metavar="NAME",
        help="A role scheme, or a YAML file of one; repeatable.",
        rich_help_panel=_WHAT,
    ),
]
Biases = Annotated[
    list[str] | None,
    typer.Option(
        "--biases",
        metavar="KIND",
        help="none, tied or free; repeatable.",
        rich_help_panel=_WHAT,
    ),
]
Width = Annotated[
    int | None,
    typer.Option(
        "--width",
        help="Floats a node, the same for every model. Default: 64; 128 with --preset.",
        rich_help_panel=_WHAT,
    ),
]
ProtocolName = Annotated[
    str | None,
    typer.Option(
        "--protocol",
        metavar="NAME",
        help="A published test: nerd, divine, dirlinkbench, magnet and others; it says "
        "what is hidden and what is asked. See them: nodeemb protocols.",
        rich_help_panel=_ASKED,
    ),
]
LabelsFile = Annotated[
    str | None,
    typer.Option(
        "--labels",
        metavar="FILE",
        help="For the protocol nodes: a node and its class on each line. Default: those "
        "of the data set.",
        rich_help_panel=_ASKED,
    ),
]
RoleName = Annotated[
    str | None,
    typer.Option(
        "--role",
        metavar="NAME",
        help="For the protocol nodes: vectors of which role or view. Default: all side "
        "by side.",
        rich_help_panel=_ASKED,
    ),
]
Negatives = Annotated[
    list[str] | None,
    typer.Option(
        "--negatives",
        metavar="KIND",
        help="uniform, reversed, reversed:50 (or another share), degree, two_hop; "
        "repeatable. Default: uniform, reversed and degree.",
        rich_help_panel=_ASKED,
    ),
]
Test = Annotated[
    float | None,
    typer.Option(
        "--test",
        help="Share of the links hidden for the test. Default: 0.5.",
        rich_help_panel=_ASKED,
    ),
]
Seeds = Annotated[
    list[int] | None,
    typer.Option(
        "--seed",
        help="Repeatable: everything is done for each, and the spread is told.",
        rich_help_panel="Run",
    ),
]


def evaluate(
    name: options.InputName = None,
    task: words.Task = "links",
    preset: Presets = None,
    config: ComparisonFile = None,
    scheme: Schemes = None,
    biases: Biases = None,
    width: Width = None,
    set_: options.Sets = None,
    protocol: ProtocolName = None,
    labels: LabelsFile = None,
    role: RoleName = None,
    negatives: Negatives = None,
    test: Test = None,
    validation: options.Validation = None,
    seed: Seeds = None,
    threads: options.Threads = None,
    out: options.Out = None,
    quiet: options.Quiet = False,
    source: options.Source = None,
    target: options.Target = None,
    weight: options.Weight = None,
    sign: options.Sign = None,
    delimiter: options.Delimiter = None,
    comment: options.Comment = None,
    header: options.Header = None,
    duplicates: options.Duplicates = None,
    undirected: options.Undirected = False,
    readout: words.Readout = None,
    vocabulary: words.Vocabulary = None,
    counts: words.Counts = None,
    as_json: words.Json = False,
    canonical: words.Canonical = False,
) -> None:
    """Hide half of a graph's links, train on the rest, and see who finds them.

    Without arguments: what does each role scheme buy on the packages of Debian?

    Writes a folder with report.html. With --task words: ask the vectors of a run what
    people were asked about words.
    """
    of_words = {
        "--readout": readout,
        "--vocabulary": vocabulary,
        "--counts": counts,
        "--json": as_json,
        "--canonical": canonical,
    }
    of_links = {
        "--preset": preset,
        "--config": config,
        "--scheme": scheme,
        "--biases": biases,
        "--width": width,
        "--protocol": protocol,
        "--labels": labels,
        "--role": role,
        "--negatives": negatives,
        "--test": test,
        "--validation": validation,
        "--seed": seed,
        "--threads": threads,
        "--out": out,
        "--quiet": quiet,
        "--source": source,
        "--target": target,
        "--weight": weight,
        "--sign": sign,
        "--delimiter": delimiter,
        "--comment": comment,
        "--header": header,
        "--duplicates": duplicates,
        "--undirected": undirected,
    }
    words.check_task(task, of_links, of_words)
    if task == "words":
        look_from_here()
        words.evaluate_run(name, set_, readout, vocabulary, counts, as_json, canonical)
        return
    from nodeemb import compare
    from nodeemb.comparison import with_changes, with_roles
    from nodeemb.engine import count_threads

    graph = options.reading(
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
    comparison = _base(preset or [], config)
    hidden = {"test": test, "validation": validation}
    given: dict[str, Any] = {
        "width": width,
        "protocol": protocol,
        "labels": labels,
        "role": role,
        "negatives": negatives or None,
        "seeds": seed or None,
        "input": graph or None,
        "split": {k: v for k, v in hidden.items() if v is not None} or None,
    }
    comparison = with_changes(comparison, given)
    comparison = with_roles(comparison, scheme or [], biases or [])
    job = compare.prepare(comparison, options.assignments(set_), out)
    if not quiet:
        _before(job, count_threads(threads))
    look_from_here()
    with progress(quiet) as shown:
        done = compare.carry_out(job, threads, shown)
    if not quiet:
        show.say("")
    show.result(done.report.table())
    show.result(f"\nDone in {show.duration(done.seconds)}. Written to {done.folder}")
    if not quiet:
        show.say(f"Next: open {done.folder / compare.REPORT}")


def _base(presets: list[str], config: str | None) -> Comparison:
    from nodeemb.comparison import compare_presets, load_comparison

    if presets and config is not None:
        raise WrongUse(
            "--preset and --config both say what to compare", allowed="One of them"
        )
    return compare_presets(presets) if presets else load_comparison(config)


def _before(job: Job, threads: int) -> None:
    from nodeemb.engine import backend_of

    comparison = job.comparison
    show.block("Graph", show.graph_lines(comparison.input.name, job.graph.report))
    show.block("Links", _hidden(comparison))
    names = [recipe.name for recipe in job.recipes]
    show.block("Models", [f"{name}   width {comparison.width}" for name in names])
    seeds = ", ".join(map(str, comparison.seeds))
    backends = " and ".join(sorted({backend_of(recipe) for recipe in job.recipes}))
    show.block("Run", [f"seeds {seeds}   threads {threads}   backend {backends}"])


def _hidden(comparison: Comparison) -> list[str]:
    if comparison.protocol is not None:
        from nodeemb.evaluation.protocols import protocol

        entry = protocol(comparison.protocol)
        return [f"protocol {entry.name}: {entry.title}", entry.rule.told()]
    hidden = comparison.split
    asked = f"{100 * hidden.test:g} % of the links hidden for the test"
    if hidden.validation:
        asked += f", {100 * hidden.validation:g} % for validation"
    return [asked]
