"""Fuzz the readers, guided by coverage: a NodeembError or the twin's graph, and nothing else.

    python tests/fuzz/fuzz_edges.py --runs 100000

With atheris installed its engine mutates the inputs; without it (or with --own) a small one
here does: what reaches a new line of the readers is kept and mutated further. The first byte of
an input chooses options, packing and format, the rest is the file. The last input is kept in
the work folder, so that a crash of the process leaves it behind; a hang ends the process after
half a minute with a traceback.
"""

from __future__ import annotations

import argparse
import collections
import faulthandler
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))
READERS = str(TESTS.parent / "nodeemb" / "io")

OPTIONS: list[dict[str, Any]] = [
    {"duplicates": "first"},
    {"duplicates": "sum", "weight": 2, "sign": 2},
    {"duplicates": "first", "delimiter": ",", "header": True},
    {"duplicates": "max", "weight": 2, "directed": False},
    {"duplicates": "first", "delimiter": " ", "comment": "#"},
    {"duplicates": "first", "source": "source", "target": "to"},
    {"duplicates": "error", "delimiter": "\t", "header": False},
    {"duplicates": "sum", "delimiter": ";", "source": 1, "target": 0},
]
PACKED = ("plain", "plain", "gzip", "zstd", "raw", "raw", "raw", "raw")
MARKS = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"ARROW1", b"\xff\xff\xff\xff")
WORDS = [
    *(b"\n", b"\r\n", b"\t", b" ", b",", b";", b"|", b'"', b'""', b"#", b"-", b"\0"),
    *(b"1 2\n", b"a,b\n", b"source,to\n", b"nan", b"inf", b"1e39", b"\xef\xbb\xbf"),
    *(b"9223372036854775808", b"007", b"\xff", b"\xc3\xa4", b"PAR1", b"ARROW1"),
]


def one_input(data: bytes, folder: Path) -> str:
    """Reads one input and its twin; what came of it."""
    from reading import check_text

    from nodeemb.errors import NodeembError
    from nodeemb.io.edges import read_edges

    choice, content = data[0] if data else 0, data[1:]
    options, packing = OPTIONS[choice % 8], PACKED[choice // 8 % 8]
    if packing != "raw" and not content.startswith(MARKS):
        return check_text(content, options, folder / "edges", packing)
    # a file of any format, as it stands: packed text, Parquet, Arrow
    path = folder / "edges"
    path.write_bytes(content)
    try:
        graph = read_edges(path, duplicates="first")
    except NodeembError as error:
        assert len(str(error)) > 10
        return "refused"
    return same_as_pyarrow(path, content, graph)


def same_as_pyarrow(path: Path, content: bytes, graph: Any) -> str:
    """Compares a graph with what pyarrow reads of the whole file at once."""
    import pyarrow as pa
    from naive import arcs_of
    from pyarrow import parquet
    from reading import arcs_in

    arrow = pa.ipc.open_file if content.startswith(b"ARROW1") else pa.ipc.open_stream
    if content.startswith(b"PAR1"):
        file = parquet.ParquetFile(path)
        names = ends_of(file.schema_arrow.names)
        table = file.read(columns=names)
    elif content.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        schema = arrow(pa.OSFile(str(path))).schema
        names = ends_of(schema.names)
        fields = [schema.get_field_index(name) for name in names]
        chosen = pa.ipc.IpcReadOptions(included_fields=fields)
        table = arrow(pa.OSFile(str(path)), options=chosen).read_all()
    else:
        return "read, packed"
    columns = [table[name].to_pylist() for name in names]
    text = [
        [v.decode() if isinstance(v, bytes) else str(v) for v in c] for c in columns
    ]
    rows = [(a, b, None, None) for a, b in zip(*text, strict=True)]
    expected = arcs_of(rows, same_value=False, directed=True, rule="first")
    found = {(str(a), str(b)) for a, b in arcs_in(graph)}
    assert found == {(str(a), str(b)) for a, b in expected}
    return "read, table"


def ends_of(names: list[str]) -> list[str]:
    """The columns that are read where none are asked for."""
    both = ["source", "target"]
    return both if set(both) <= set(names) else names[:2]


def seeds() -> list[bytes]:
    """Small files of every kind, to begin with."""
    import pyarrow as pa
    from pyarrow import parquet
    from reading import PACKINGS

    texts = [
        b"1 2\n2 3\n", b"a\tb\t1\nb\tc\t-2\n", b"source,to\nx,y\n", b'"a b","c,d"\n',
        b"# note\n1 2\n2 1\n", b"1;2\n3;4\n\n", b"u|v|0.5\r\nv|w|2\r\n", b"",
    ]  # fmt: skip
    made = [bytes([8 * p + o]) + t for p in range(4) for o, t in enumerate(texts)]
    made += [b"\x20" + pack(text) for pack in PACKINGS.values() for text in texts]
    ints = pa.table({"source": [1, 2, 3], "target": [2, 3, 1], "w": [1.0, 2.0, 3.0]})
    words = pa.table({"a": ["x", "y"], "b": pa.array(["y", "z"]).dictionary_encode()})
    for table in (ints, words):
        sink = pa.BufferOutputStream()
        parquet.write_table(table, sink)
        made.append(b"\x20" + sink.getvalue().to_pybytes())
        for new in (pa.ipc.new_file, pa.ipc.new_stream):
            sink = pa.BufferOutputStream()
            with new(sink, table.schema) as out:
                out.write_table(table)
            made.append(b"\x20" + sink.getvalue().to_pybytes())
    return made


def mutated(data: bytes, pool: list[bytes], draw: random.Random) -> bytes:
    """A few random edits: bytes, words, cuts, copies, and parts of other inputs."""
    for _ in range(draw.choice((1, 1, 2, 4))):
        at, to = sorted(draw.randrange(len(data) + 1) for _ in range(2))
        edit = draw.randrange(6)
        if edit == 0 and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :]
        elif edit == 1:
            data = data[:at] + draw.choice(WORDS) + data[at:]
        elif edit == 2:
            data = data[:at] + data[to:]
        elif edit == 3:
            data = data[:to] + data[at:to] + data[to:]
        elif edit == 4:
            other = draw.choice(pool)
            data = data[:at] + other[draw.randrange(len(other) + 1) :]
        elif data:
            at = min(at, len(data) - 1)
            data = (
                data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :]
            )
    return data[:4096]


class Lines:
    """The steps from line to line that the readers have taken so far."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, int, int]] = set()
        self.fresh = False

    def __call__(self, frame: Any, event: str, arg: Any) -> Any:
        """The trace function of the interpreter: follows the readers' own code only."""
        if not frame.f_code.co_filename.startswith(READERS):
            return None
        name, before = frame.f_code.co_qualname, frame.f_lineno

        def line(frame: Any, event: str, arg: Any) -> Any:
            nonlocal before
            step = (name, before, frame.f_lineno)
            before = frame.f_lineno
            if step not in self.seen:
                self.seen.add(step)
                self.fresh = True
            return line

        return line


def own_engine(
    one_input: Callable[[bytes, Path], str],
    pool: list[bytes],
    given: argparse.Namespace,
    folder: Path,
) -> None:
    """Mutates what has reached new steps, until the runs or the seconds are over.

    Every tenth input is followed line by line, which takes most of the time.
    """
    draw, lines, first = random.Random(given.seed), Lines(), len(pool)
    outcomes: collections.Counter[str] = collections.Counter()
    begun = told = armed = time.monotonic()
    faulthandler.dump_traceback_later(30, exit=True)
    for number in range(given.runs):
        seed = number < first
        data = pool[number] if seed else mutated(draw.choice(pool), pool, draw)
        (folder / "last-input").write_bytes(data)
        lines.fresh = False
        sys.settrace(lines if seed or number % 10 == 0 else None)
        try:
            outcomes[one_input(data, folder)] += 1
        finally:
            sys.settrace(None)
        if lines.fresh and not seed:
            pool.append(data)
        now = time.monotonic()
        if now - armed > 1:
            armed = now
            faulthandler.dump_traceback_later(30, exit=True)
        over = now - begun > given.seconds
        if now - told > 10 or over or number + 1 == given.runs:
            told = now
            print(  # noqa: T201
                f"{number + 1:,} inputs, {now - begun:.0f} s, {len(lines.seen)} steps, "
                f"{len(pool)} kept: {dict(outcomes)}",
                flush=True,
            )
        if over:
            break
    faulthandler.cancel_dump_traceback_later()


def atheris_engine(given: argparse.Namespace, folder: Path) -> None:
    """The same by atheris; its report goes to standard error."""
    import atheris

    import nodeemb.graph.build

    with atheris.instrument_imports(include=["nodeemb.io"]):
        import nodeemb.io.edges  # noqa: F401
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for number, data in enumerate(seeds()):
        (corpus / f"seed-{number}").write_bytes(data)
    words = folder / "words"
    lines = ['"' + "".join(f"\\x{b:02x}" for b in word) + '"' for word in WORDS]
    words.write_text("\n".join(lines) + "\n")
    flags = [f"-runs={given.runs}", f"-max_total_time={given.seconds:.0f}"]
    flags += [f"-seed={given.seed + 1}"]
    flags += ["-timeout=30", "-max_len=4096", f"-dict={words}", "-rss_limit_mb=4096"]
    flags += [f"-artifact_prefix={folder}/", "-print_final_stats=1"]
    atheris.Setup(
        [sys.argv[0], *flags, str(corpus)], lambda d: one_input(d, folder) and None
    )
    atheris.Fuzz()


def arguments(doc: str) -> argparse.ArgumentParser:
    """The options that all fuzzers share."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=0)
    return parser


def work_folder(name: str) -> Path:
    """A new folder, in memory where that can be."""
    memory = Path("/dev/shm")
    folder = Path(
        tempfile.mkdtemp(prefix=name, dir=memory if memory.is_dir() else None)
    )
    print(f"work folder: {folder}", flush=True)  # noqa: T201
    faulthandler.enable()
    return folder


def main() -> None:
    """Reads the arguments and starts an engine."""
    parser = arguments(__doc__)
    parser.add_argument("--own", action="store_true", help="without atheris")
    given, folder = parser.parse_args(), work_folder("fuzz-edges-")
    if not given.own:
        try:
            import atheris  # noqa: F401
        except ImportError:
            print("atheris is not installed: its own mutations then", flush=True)  # noqa: T201
        else:
            atheris_engine(given, folder)
    own_engine(one_input, seeds(), given, folder)


if __name__ == "__main__":
    main()
