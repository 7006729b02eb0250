"""`nodeemb study`: methods x graphs x kinds of split x seeds to one table, resumable."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nodeemb.cli import options, show
from nodeemb.cli.progress import progress
from nodeemb.errors import DataRefused, WrongUse

if TYPE_CHECKING:
    from nodeemb.study.contrasts import Answer
    from nodeemb.study.options import Study
    from nodeemb.study.plan import Cell
    from nodeemb.study.work import Forecast, Job

StudyFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="A study in YAML, or the name of one that is here."
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FOLDER",
        help="The folder to make, or to go on with. Default: runs/study-NAME.",
        rich_help_panel="Run",
    ),
]
ForecastOnly = Annotated[
    bool,
    typer.Option("--forecast", help="Tell what it will take, and do nothing."),
]
OverLimit = Annotated[
    bool,
    typer.Option("--over-limit", help="Begin although the forecast is above `hours`."),
]
RetryFailed = Annotated[
    bool, typer.Option("--retry-failed", help="Do cells that failed again.")
]
TableOnly = Annotated[
    bool, typer.Option("--table", help="Print the table of what is there already.")
]
Against = Annotated[
    str | None,
    typer.Option(
        "--against",
        metavar="ARM",
        help="Print where this arm is below the best other, of what is there already.",
    ),
]
Contrasts = Annotated[
    bool,
    typer.Option(
        "--contrasts",
        help="Print the study's contrasts, of what is there already.",
    ),
]
Record = Annotated[
    Path | None,
    typer.Option(
        "--record",
        metavar="FILE",
        help="Write all cells that are there already to one new file: .jsonl or .jsonl.gz "
        "(reads back with --known), or .parquet (a row for each number).",
    ),
]
Known = Annotated[
    list[Path] | None,
    typer.Option(
        "--known",
        metavar="FILE",
        help="Take cells that another run recorded, such as on another machine, and do "
        "the others; repeatable.",
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="NAME",
        help="Do, or print, a group or a data set of the study and no other; repeatable. "
        "The same command without it does the rest.",
        rich_help_panel="Run",
    ),
]
Jobs = Annotated[
    int,
    typer.Option(
        "--jobs",
        min=1,
        max=1024,
        help="Cells that are done at once, each in a process with its share of the "
        "threads; they change the time and not the result.",
        rich_help_panel="Run",
    ),
]


def study(
    file: StudyFile,
    out: Folder = None,
    forecast: ForecastOnly = False,
    over_limit: OverLimit = False,
    retry_failed: RetryFailed = False,
    table: TableOnly = False,
    against: Against = None,
    contrasts: Contrasts = False,
    record: Record = None,
    known: Known = None,
    only: Only = None,
    jobs: Jobs = 1,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
) -> None:
    """Compare methods over graphs, kinds of split and seeds, to one table.

    Every cell is kept when it is done: the same command goes on after an interruption.
    """
    from nodeemb.engine import count_threads
    from nodeemb.study.options import load_study
    from nodeemb.study.record import check_record, take_record
    from nodeemb.study.work import default_folder, looked_again, prepare

    count_threads(threads)
    looked = table or against is not None or contrasts or record is not None
    if forecast and looked:
        raise WrongUse("--forecast and a table are both asked for", allowed="One")
    if known and looked:
        raise WrongUse(
            "--known takes cells into the study, and what is there already is asked for",
            next_step="Take them first, then ask: the same command without --known",
        )
    if record is not None:
        check_record(record)
    asked = load_study(file)
    folder = default_folder(asked) if out is None else out
    if looked:
        _print(folder, only or (), table, against, contrasts, record)
        return
    job = prepare(asked, out, retry_failed, only or (), forecast and not known)
    for path in known or []:
        taken = take_record(job, path)
        show.say(f"{taken:,} cells are known from {path}")
        job = looked_again(job, retry_failed)
    if not quiet:
        _before(asked, job)
    _do(job, forecast, over_limit, jobs, threads, quiet)


def _do(
    job: Job,
    only: bool,
    over_limit: bool,
    jobs: int,
    threads: int | None,
    quiet: bool,
) -> None:
    from nodeemb.engine import count_threads
    from nodeemb.study import work
    from nodeemb.study.dose import diagnose_graphs
    from nodeemb.study.page import PAGE, write_tables
    from nodeemb.study.parallel import carry_out_in_parts
    from nodeemb.study.results import load_results
    from nodeemb.study.table import markdown

    with progress(quiet) as shown:
        # each of several cells at once has its share of the threads
        told = work.forecast(job, max(1, count_threads(threads) // jobs), shown)
    if only:
        show.result("\n".join(_forecast_lines(job, told, jobs, each=True)))
        return
    if not quiet:
        show.block("Forecast", _forecast_lines(job, told, jobs))
    if not over_limit:
        work.check_hours(job, told, jobs)
    said = None if quiet else _cell_done
    with progress(quiet) as shown:
        if jobs > 1 and job.left:
            carry_out_in_parts(job, told, jobs, threads, shown, said)
        else:
            work.carry_out(job, told, threads, shown, said)
    if job.study.dose:
        with progress(quiet) as shown:
            names = dict.fromkeys(cell.dataset for cell in job.candidates)
            diagnose_graphs(job.graphs, names, job.folder, shown)
    results = load_results(job.folder)
    write_tables(results, job.folder)
    show.result(markdown(results))
    if not quiet:
        show.say(f"Written to {job.folder}. Next: open {job.folder / PAGE}")


def _print(
    folder: Path,
    only: Sequence[str],
    table: bool,
    arm: str | None,
    contrasts: bool,
    record: Path | None,
) -> None:
    from nodeemb.study.against import against
    from nodeemb.study.contrasts import answers
    from nodeemb.study.page import write_tables
    from nodeemb.study.record import write_record
    from nodeemb.study.results import load_results
    from nodeemb.study.table import against_text, contrasts_text, markdown

    results = load_results(folder, only)
    if table:
        if not only:  # the files are of all
            write_tables(results, folder)
        show.result(markdown(results))
    if arm is not None:
        show.result(against_text(arm, against(results, arm)))
    if contrasts:
        found = _asked(results.study, answers(results))
        show.result(contrasts_text(results, found))
    if record is not None:
        write_record(results, record)
        show.say(f"{len(results.cells):,} cells of {results.wanted:,} are in {record}")


def _asked(study: Study, told: list[Answer]) -> list[Answer]:
    if not study.contrasts:
        raise WrongUse(
            f"the study {study.name} has no contrasts",
            allowed="contrasts and margins in its file",
        )
    if not told:
        raise DataRefused(
            "no contrast can be told yet",
            allowed="two finished seeds or more of both of its arms",
        )
    return told


def _before(asked: Study, job: Job) -> None:
    show.block("Study", [f"{asked.title} ({asked.name})"])
    show.block("Graphs", [", ".join(dict.fromkeys(c.dataset for c in job.cells))])
    show.block("Arms", [", ".join(arm.called for arm in asked.arms)])
    show.block(
        "Cells",
        [
            f"{len(job.cells) + len(job.plan.waiting):,}, of which {job.left:,} are to be "
            f"done, in {job.folder}{_waiting(job)}"
        ],
    )


def _waiting(job: Job) -> str:
    """How many cells have an arm that validation is still to choose."""
    count = len(job.plan.waiting)
    return f"; validation will choose the arms of {count:,}" if count else ""


def _forecast_lines(
    job: Job, told: Forecast, jobs: int, each: bool = False
) -> list[str]:
    """What is left takes; with `each`, a line for each kind of cell."""
    lines = []
    if each:
        seen: dict[Any, list[Cell]] = {}
        for cell in job.todo:
            seen.setdefault(cell.place[:3], []).append(cell)
        for place, cells in seen.items():
            one = told.cells[cells[0].key]
            recipe = cells[0].recipe
            trained = ""
            if recipe is not None:
                trained = f"   {show.size(one.memory)}"
                if recipe.factorise is None:
                    trained += f", {recipe.training.epochs} epochs, {cells[0].pairs:,.0f} pairs"
            lines.append(
                f"{', '.join(place)}   {len(cells)} x ({one.training:.1f} + "
                f"{one.measuring:.1f}) s{trained}"
            )
    lines.append(
        f"{job.left:,} cells: about {show.duration(told.seconds / jobs)}, at most "
        f"{show.size(told.memory * jobs)} of memory at once (measured on this machine)"
    )
    return lines


def _cell_done(number: int, count: int, cell: Cell, result: dict[str, Any]) -> None:
    where = ", ".join(map(str, cell.place))
    told = f"{result['seconds']:.1f} s"
    if result["state"] == "failed":
        told = f"failed: {result['error']}"
    show.say(f"cell {number} of {count}: {where}: {told}")
