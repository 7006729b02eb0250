"""What a report of a problem needs: versions, machine, threads, memory, data and caches."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from nodeemb import __version__
from nodeemb.engine import count_threads
from nodeemb.errors import WrongUse
from nodeemb.io.cards import data_folder, list_cards, load_card
from nodeemb.memory import memory_bytes
from nodeemb.resources import checkout_folder

_NEEDED = ("numpy", "scipy", "numba", "llvmlite", "pyarrow", "pydantic", "safetensors")
_BESIDES = ("torch", "torch-geometric", "scikit-learn", "networkx", "gensim")
_MEMINFO = Path("/proc/meminfo")


class Fact(NamedTuple):
    """A line of the report; wrong: what is to be done about it, empty where all is well."""

    name: str
    text: str
    wrong: str = ""


def facts() -> list[Fact]:
    """Everything but the cache of compiled code and the self-test; loads nothing heavy."""
    checkout = checkout_folder()
    installed = str(Path(__file__).resolve().parent)
    kind = "an installed package" if checkout is None else "a checkout"
    return [
        Fact("nodeemb", f"{__version__}, {kind} in {installed}"),
        Fact("python", f"{platform.python_version()} in {sys.prefix}"),
        *(Fact(name, _version(name) or "missing", _missing(name)) for name in _NEEDED),
        *(Fact(name, _version(name) or "not installed") for name in _BESIDES),
        Fact("system", platform.platform()),
        Fact("processor", processor()),
        _threads(),
        Fact("memory", _memory()),
        *_data(),
    ]


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _missing(name: str) -> str:
    return "" if _version(name) else f"{name} is missing: install nodeemb again"


def processor() -> str:
    """The model, its cores, and how many of them this process may use.

    Makers give many models one name, so family and number stand beside it.
    """
    model = platform.machine()
    try:
        first = Path("/proc/cpuinfo").read_text().partition("\n\n")[0]
        told = {
            key.strip(): value.strip()
            for key, _, value in (line.partition(":") for line in first.splitlines())
        }
        model = told.get("model name", model)
        if "cpu family" in told and "model" in told:
            model += f" (family {told['cpu family']}, model {told['model']})"
    except OSError:
        pass
    cores = os.cpu_count() or 1
    allowed = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    )
    return f"{model}, {cores} cores, {allowed} of them for this process"


def _threads() -> Fact:
    """What would be used, and which variables say so."""
    named = ("NODEEMB_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS")
    told = [f"{name}={os.environ[name]}" for name in named if name in os.environ]
    tail = f" ({', '.join(told)})" if told else ""
    try:
        return Fact("threads", f"{count_threads(None)}{tail}")
    except WrongUse as error:
        return Fact("threads", f"unknown{tail}", f"NODEEMB_THREADS: {error}")


def _memory() -> str:
    total = memory_bytes()
    parts = ["unknown" if total is None else f"{total / 1e9:.1f} GB"]
    try:
        found = dict(line.split(":", 1) for line in _MEMINFO.read_text().splitlines())
        parts.append(f"{int(found['MemAvailable'].split()[0]) / 1e6:.1f} GB free")
    except (OSError, KeyError, ValueError):  # no such file outside Linux
        pass
    return ", ".join(parts)


def _data() -> list[Fact]:
    """The data folder, and which sets are in it."""
    named, folder = os.environ.get("NODEEMB_DATA"), data_folder()
    wrong = ""
    if named and not Path(named).is_dir():
        wrong = f"NODEEMB_DATA names {named}, which is no folder"
    shown = f"NODEEMB_DATA={named}" if named else "NODEEMB_DATA is not set"
    if folder is not None and not named:
        shown += f", {folder} is used"
    cards = [load_card(name) for name in list_cards()]
    here = [card.name for card in cards if card.here]
    return [
        Fact("data", shown, wrong),
        Fact("data sets", f"{len(here)} of {len(cards)} are here: {', '.join(here)}"),
    ]
