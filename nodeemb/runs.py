"""A run as a folder: what was asked, what happened, and the vectors.

| file | holds |
|---|---|
| config.yaml | the whole recipe and a block `run` (graph, seed, backend): enough to repeat it |
| manifest.json | state, message, versions, hashes, seed, threads, timings, notes |
| metrics.jsonl | a line an epoch: pairs, loss, seconds, validation |
| graph-report.json | what was found in the graph; corpus-report.json: in the corpus |
| embedding.safetensors, embedding.json | the vectors and their ids |

A folder is written whole or not at all, and never over another. Until it is there, the
state of the training is kept beside it, in <folder>.checkpoint. A run whose loss became
non-finite keeps its folder, with the state "failed" and the last good vectors.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nodeemb.choices import Config, config_text, read_settings, recipe_of
from nodeemb.corpus.corpus import Corpus
from nodeemb.defaults import only_training
from nodeemb.embedding.embedding import Embedding
from nodeemb.embedding.store import write_files
from nodeemb.engine import backend_of
from nodeemb.errors import DataRefused, Diverged, WrongUse
from nodeemb.forecast import Memory, forecast_memory
from nodeemb.io.atomic import write_json, write_text_atomically
from nodeemb.io.folders import check_new_folder, new_folder
from nodeemb.material import default_for, digest_of, material_size
from nodeemb.memory import peak_bytes
from nodeemb.options import parse_yaml
from nodeemb.progress import ProgressFn
from nodeemb.recipe import Recipe, preset_path
from nodeemb.run import embed
from nodeemb.settings import CHECKPOINT_MINUTES, Settings
from nodeemb.training.checkpoint import Checkpoints, read_header

if TYPE_CHECKING:
    from nodeemb.evaluation.split import Split
    from nodeemb.graph.graph import Graph

FORMAT = 1
CONFIG, MANIFEST, METRICS = "config.yaml", "manifest.json", "metrics.jsonl"
GRAPH_REPORT, CORPUS_REPORT = "graph-report.json", "corpus-report.json"
CHECKPOINT = ".checkpoint"


@dataclass(frozen=True, eq=False)
class Job:
    """A run that is ready to start; nothing has been written yet.

    Attributes:
        settings: graph, seed, backend.
        recipe: the method, filled in.
        graph: the whole graph.
        split: with validation: the split that hides its links, else None.
        folder: where the result will be.
        changes: what was chosen by name, over preset and config.
        read_seconds: what reading the graph took.
    """

    settings: Settings
    recipe: Recipe
    graph: Graph | Corpus
    split: Split | None
    folder: Path
    changes: dict[str, Any]
    read_seconds: float

    @property
    def training_graph(self) -> Graph | Corpus:
        """The graph without the validation links."""
        return self.graph if self.split is None else self.split.train

    def memory(self, threads: int) -> Memory:
        """What training on so many threads will take in memory."""
        itemsize = np.dtype(self.settings.dtype).itemsize
        size = material_size(self.training_graph)
        validated, backend = self.split is not None, self.settings.backend
        return forecast_memory(size, self.recipe, itemsize, validated, backend, threads)


class Done(NamedTuple):
    """A finished run; notes: what the user should know, in sentences."""

    folder: Path
    embedding: Embedding
    notes: list[str]
    seconds: float


# ---- before -----------------------------------------------------------------------


def prepare(
    settings: Settings,
    preset: str | Path | None = None,
    *,
    config: Config | None = None,
    dim: int | None = None,
    width: int | None = None,
    options: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    resumed: bool = False,
) -> Job:
    """Reads the graph, fills in the recipe and finds the folder, before any work.

    Args:
        settings: graph, seed, backend; the config's block `run` is already in it.
        preset: a name or a path; by default what `embed` takes for the graph.
        config: choices laid over the preset.
        dim, width, options: as in `embed`, laid over both.
        out: the folder to make; by default runs/<date>-<name>-<hash>.
        resumed: whether a checkpoint beside it is to be gone on from, or refused.

    Raises:
        WrongUse: a choice that does not exist, or an existing folder.
        DataRefused: the graph cannot be taken as it is.
    """
    if out is not None:
        check_new_folder(out)
        if not resumed:
            _check_no_checkpoint(Path(out))
    if preset is not None:
        preset_path(preset)  # a name that is nothing is refused before a graph is read
    begun = time.monotonic()
    graph = settings.input.material()
    seconds = time.monotonic() - begun
    layers = (config.choices if config else {}, options or {})
    trains = settings.backend not in (None, "cpu") or bool(settings.validation)
    recipe = recipe_of(
        default_for(graph, trains or only_training(*layers)),
        preset,
        config=config,
        dim=dim,
        width=width,
        options=options,
    )
    split = None
    if settings.validation:
        if isinstance(graph, Corpus):
            raise WrongUse(
                "a corpus has no links to validate on",
                next_step="Leave out --validation",
            )
        split = hide_validation(graph, settings.validation, settings.seed)
    backend = settings.backend or backend_of(recipe)
    settings = settings.model_copy(
        update={"input": settings.input.absolute(), "backend": backend}
    )
    if out is None:
        text = config_text(recipe, settings)
        out = default_folder(recipe.name, text, graph)
    sizes = {"roles.dim": dim, "roles.width": width}
    changes = {k: v for k, v in sizes.items() if v is not None} | dict(options or {})
    folder = check_new_folder(out)
    return Job(settings, recipe, graph, split, folder, changes, seconds)


def _check_no_checkpoint(folder: Path) -> None:
    path = checkpoint_path(folder)
    if path.exists():
        raise WrongUse(
            f"{path} exists: the state of a run that was interrupted",
            next_step=f"Go on with it: nodeemb embed --resume {path}. Or choose another "
            "folder, or remove that file",
        )


def hide_validation(graph: Graph, share: float, seed: int) -> Split:
    """A split that hides validation links and no test links."""
    from nodeemb.evaluation.split import split_edges

    split = split_edges(graph, test=share, seed=seed)
    return replace(split, test=split.test[:0], validation=split.test)


def default_folder(name: str, config: str, graph: Graph | Corpus) -> Path:
    """runs/<date>-<name>-<4 hex of config and graph>; with a number where that exists."""
    state = hashlib.sha256((config + digest_of(graph)).encode()).hexdigest()[:4]
    plain = re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-.") or "run"
    first = f"{datetime.date.today().isoformat()}-{plain}-{state}"
    folder, again = Path("runs") / first, 1
    while folder.exists() or checkpoint_path(folder).exists():
        again += 1
        folder = Path("runs") / f"{first}-{again}"
    return folder


# ---- the run ----------------------------------------------------------------------


def carry_out(
    job: Job,
    threads: int | None = None,
    progress: ProgressFn | None = None,
    minutes: float = CHECKPOINT_MINUTES,
) -> Done:
    """Trains, and writes the folder.

    Args:
        job: what to do.
        threads: as in `embed`.
        progress: called after every few steps.
        minutes: between two checkpoints, in a file beside the folder that is there until
            the folder is (see `resume`); 0 for none.

    Raises:
        Diverged: the loss became non-finite; the folder is there, with the last good
            vectors.
        KeyboardInterrupt: with what was kept. All other errors leave the checkpoint and
            nothing else behind.
    """
    begun = time.monotonic()
    settings, kept = job.settings, None
    if minutes > 0 and job.recipe.factorise is None:
        about = {
            "config": config_text(job.recipe, settings),
            "folder": str(job.folder.absolute()),
            "changes": job.changes,
        }
        kept = Checkpoints(checkpoint_path(job.folder), minutes, about)
    try:
        embedding = embed(
            job.training_graph,
            job.recipe,
            seed=settings.seed,
            threads=threads,
            backend=settings.backend,
            device=settings.device,
            dtype=settings.dtype,
            validation=job.split,
            progress=progress,
            checkpoint=kept,
        )
    except Diverged as error:
        _write(job, error.embedding, time.monotonic() - begun, str(error))
        checkpoint_path(job.folder).unlink(missing_ok=True)
        raise Diverged(
            f"{error.what}. They are saved in {job.folder}", next_step=error.next_step
        ) from None
    except KeyboardInterrupt as error:
        if kept is None or not str(error):
            raise
        again = f"Go on with it: nodeemb embed --resume {kept.path}"
        raise KeyboardInterrupt(f"{error}\n{again}") from None
    seconds = time.monotonic() - begun
    _write(job, embedding, seconds, "")
    checkpoint_path(job.folder).unlink(missing_ok=True)
    return Done(job.folder, embedding, _notes(job, embedding), seconds)


def checkpoint_path(folder: Path) -> Path:
    """Where the state of a run is kept until its folder is there."""
    return folder.with_name(f"{folder.name}{CHECKPOINT}")


def resume(checkpoint: str | Path) -> Job:
    """The job of an interrupted run, ready to be carried out to its end.

    Args:
        checkpoint: the file beside the folder that the run would have made.

    Raises:
        DataRefused: it is damaged or no checkpoint, or the graph is not what it was.
        WrongUse: the run is done, and its folder there.
    """
    path = Path(checkpoint)
    about = read_header(path).about
    try:
        data = parse_yaml(about["config"], f"{path}, config")
        folder = Path(about["folder"]).with_name(path.name.removesuffix(CHECKPOINT))
        changes = dict(about["changes"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataRefused(
            f"it is no checkpoint of `nodeemb embed`: {error!r}", where=str(path)
        ) from None
    folder = path.absolute().parent / folder.name
    if (folder / MANIFEST).exists():
        raise WrongUse(
            f"the run is done: {folder}",
            next_step=f"Remove {path}, if it is of that run",
        )
    run = data.pop("run", None)
    config = Config(f"{path}, config", data, run if isinstance(run, dict) else {})
    settings = read_settings(config, {}, {})
    job = prepare(settings, config=config, out=folder, resumed=True)
    return replace(job, changes=changes)


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Writes texts as files of a folder that is not yet named."""
    for name, text in files.items():
        write_text_atomically(folder / name, text)


def manifest_head(kind: str, config: str, message: str) -> dict[str, Any]:
    """What the manifest of every kind of run begins with."""
    return {
        "format": FORMAT,
        "kind": kind,
        "state": "failed" if message else "done",
        "message": message,
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "config_hash": hashlib.sha256(config.encode()).hexdigest()[:16],
        "peak_memory_mb": round(peak_bytes() / 2**20),
    }


def json_lines(lines: list[dict[str, Any]]) -> str:
    """A line of JSON each."""
    return "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines)


def _write(job: Job, embedding: Embedding, seconds: float, message: str) -> None:
    config = config_text(job.recipe, job.settings)
    record = {
        k: v for k, v in embedding.manifest.items() if k not in ("recipe", "graph")
    }
    epochs = embedding.manifest["training"].get("epochs", [])
    manifest = {
        **manifest_head("embedding", config, message),
        "preset": job.recipe.name,
        "changes": job.changes,
        "graph_hash": digest_of(job.graph),
        "trained_on_hash": embedding.manifest["graph"]["digest"],
        "seconds": {
            "reading": round(job.read_seconds, 3),
            "training": round(seconds, 3),
        },
        **record,
        "training": {k: v for k, v in record["training"].items() if k != "epochs"},
        "notes": _notes(job, embedding),
    }
    with new_folder(job.folder) as folder:
        write_folder(folder, {CONFIG: config, METRICS: json_lines(epochs)})
        found = CORPUS_REPORT if isinstance(job.graph, Corpus) else GRAPH_REPORT
        write_json(folder / found, job.graph.report.as_dict())
        write_files(embedding, folder)
        write_json(folder / MANIFEST, manifest)


def _notes(job: Job, embedding: Embedding) -> list[str]:
    notes = list(embedding.manifest["notes"])
    if job.split is not None:
        notes.append(
            f"{len(job.split.validation):,} of {job.split.graph.num_edges:,} links were hidden "
            "to choose the best epoch, and not trained on"
        )
    return notes
