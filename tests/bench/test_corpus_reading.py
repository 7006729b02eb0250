"""Text is encoded at 3 million tokens a second and more, in memory that its length does not change.

Each reading is in a process of its own, once a small text has brought in libraries and
compiled code. Memory is the process's peak beyond what it held then.
"""

import gzip
import json
import subprocess
import sys

import pytest

from nodeemb.io.text_cards import load_text_card

pytestmark = pytest.mark.bench

JOB = """
import json, resource, sys, time
from nodeemb.corpus.reading import read_corpus
from nodeemb.memory import peak_bytes

def now():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

small, sources, options = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
read_corpus(small, min_count=1, **{**options, "tokens": "whitespace"})
before, wall, cpu = now(), time.perf_counter(), time.process_time()
corpus = read_corpus(sources, **options)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
print(json.dumps({
    "tokens": corpus.report.tokens, "distinct": corpus.report.distinct,
    "million_tokens_a_second": corpus.report.tokens / wall / 1e6,
    "million_tokens_a_cpu_second": corpus.report.tokens / cpu / 1e6,
    "mb": (peak_bytes() - before) / 1e6, "longest": int((corpus.starts[1:] - corpus.starts[:-1]).max()),
}))
"""


def told(tmp_path, name, sources, **options):
    small = tmp_path / "small"
    small.write_text("a b c\nb c a\n")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            JOB,
            str(small),
            json.dumps(sources),
            json.dumps(options),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    print(f"\n{name}: {json.dumps(found, indent=2)}")
    return found


def unpacked(tmp_path, name):
    """The whole of a text in one plain file."""
    card = load_text_card(name)
    if not card.here:
        pytest.skip(f"the files of {name} are not here")
    import tarfile

    path = tmp_path / f"{name}.txt"
    with tarfile.open(card.paths[0]) as archive, path.open("wb") as file:
        for member in archive:
            if member.isfile():
                file.write(archive.extractfile(member).read() + b"\n")
    return path


WORDS = {"tokens": "words", "lower": True, "sentences": "running"}


def test_the_rate(tmp_path):
    plain = unpacked(tmp_path, "english-novels-a")
    packed = tmp_path / "packed.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes(), 6))
    assert told(tmp_path, "plain", [str(plain)])["million_tokens_a_second"] >= 3
    assert told(tmp_path, "gzip", [str(packed)])["million_tokens_a_second"] >= 3
    told(tmp_path, "archive", ["english-novels-a"])
    told(tmp_path, "plain, words", [str(plain)], **WORDS)
    told(tmp_path, "many small members, words", ["wikispeedia-articles"], **WORDS)


def test_ten_copies_take_no_more_memory_than_one(tmp_path):
    plain = unpacked(tmp_path, "wikispeedia-articles")
    one = told(tmp_path, "once", [str(plain)], **WORDS)
    ten = told(tmp_path, "ten times", [str(plain)] * 10, **WORDS)
    # the stream itself is mapped from a file, and pages of it may count
    assert ten["mb"] <= one["mb"] + 100


def test_a_line_of_100_mb_takes_no_more_memory_than_many_lines(tmp_path):
    line = b" ".join(b"%d" % (i % 5000) for i in range(22_000_000))
    assert len(line) > 100e6
    path = tmp_path / "line"
    path.write_bytes(line)
    found = told(tmp_path, "one line", [str(path)])
    assert found["longest"] == 10_000 and found["tokens"] == 22_000_000
    assert found["mb"] < 200
