"""Text is encoded as a slow and obvious reading of it would be, or refused with its place."""

from __future__ import annotations

import gc
import gzip
import hashlib
import io
import json
import re
import sys
import tarfile
import unicodedata
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeemb.corpus import pieces as piece_table
from nodeemb.corpus import reading, text
from nodeemb.corpus import sources as corpus_sources
from nodeemb.corpus.corpus import Corpus
from nodeemb.corpus.reading import read_corpus
from nodeemb.corpus.tokens import words as words_of
from nodeemb.corpus.vocabulary import Vocabulary
from nodeemb.errors import DataRefused, OutOfResources, UnknownId, WrongUse
from nodeemb.io.cards import data_folder, list_cards
from nodeemb.io.text_cards import list_texts, load_text_card

ONE = {"min_count": 1}


def slow_words(line):
    """Letters, digits and marks, joined by apostrophes: character by character."""
    found, now = [], ""
    for i, c in enumerate(line):
        after = line[i + 1] if i + 1 < len(line) else " "
        letter = c.isalnum()
        more = unicodedata.category(c)[0] == "M" or c in "\u200c\u200d"
        joined = c in "'\u2019" and after.isalnum()
        if letter or (now and (more or joined)):
            now += c
        elif now:
            found.append(now)
            now = ""
    return found + [now] * bool(now)


def slow_corpus(
    texts,
    tokens="whitespace",
    lower=False,
    sentences="lines",
    max_length=10_000,
    min_count=1,
    max_size=None,
):
    """Vocabulary and sentences of texts, as plain Python says it."""
    cut = str.split if tokens == "whitespace" else slow_words
    lines = []
    for each in texts:
        lines += each.split("\n") if sentences == "lines" else [each]
    found = [[w.lower() if lower else w for w in cut(line)] for line in lines]
    count = Counter(word for line in found for word in line)
    ranked = sorted(count.items(), key=lambda item: (-item[1], item[0]))
    kept = [(word, n) for word, n in ranked if n >= min_count][:max_size]
    inside = {word for word, _ in kept}
    short = [
        line[i : i + max_length]
        for line in found
        for i in range(0, len(line), max_length)
    ]
    left = [[word for word in line if word in inside] for line in short]
    return kept, [line for line in left if line]


def told(corpus):
    words = zip(corpus.vocabulary.words, corpus.vocabulary.counts.tolist(), strict=True)
    return list(words), [corpus.sentence(i) for i in range(corpus.num_sentences)]


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


CHARACTERS = st.one_of(
    st.sampled_from("aabbcAB \n\t'’.,-_1\r\u00a0\u3000\x1c\u0301\u0942\u200dσΣéİ中"),
    st.characters(exclude_characters="\0\ufeff", exclude_categories=["Cs"]),
)
FEW_WORDS = st.lists(
    st.sampled_from(["a ", "b ", "a\n", "B ", "b, ", "\u00e9 ", "it's "]), max_size=30
).map("".join)
TEXTS = st.lists(
    st.one_of(FEW_WORDS, st.text(CHARACTERS, max_size=60)), min_size=1, max_size=3
)


@settings(max_examples=60)
@given(
    texts=TEXTS,
    tokens=st.sampled_from(["whitespace", "words"]),
    lower=st.booleans(),
    sentences=st.sampled_from(["lines", "running"]),
    max_length=st.integers(2, 6),
    min_count=st.integers(1, 2),
    max_size=st.sampled_from([None, 2, 3]),
    block=st.integers(4, 30),
)
def test_any_text_is_encoded_as_the_slow_twin_says(
    tmp_path_factory, texts, block, **options
):
    folder = tmp_path_factory.mktemp("texts")
    for i, each in enumerate(texts):
        write(folder / f"{i}.txt", each)
    kept, sentences = slow_corpus(texts, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "Reader", small_blocks(block))
        patch.setattr(reading, "_AT_ONCE", 3)
        patch.setattr(piece_table, "_FIRST", 2)
        try:
            corpus = read_corpus(folder, **options)
        except DataRefused:
            enough = slow_corpus(texts, **{**options, "max_size": None})[0]
            assert len(enough) < 2
            return
    assert told(corpus) == (kept, sentences)
    assert corpus.tokens.dtype == np.int32 and corpus.starts.dtype == np.int64


def small_blocks(size):
    """Readers that cut a text at many places."""
    return lambda *given: text.Reader(*given, size=size)


@given(st.text(CHARACTERS, max_size=40))
def test_words_are_runs_of_letters_digits_and_marks(line):
    assert words_of(line) == slow_words(line)


def test_ascii_words_are_those_of_a_regular_expression():
    line = "Don't 'tis dogs' rock'n'roll a_b 3.14 -- x-ray's ''"
    assert words_of(line) == re.findall(r"[a-zA-Z0-9]+(?:'[a-zA-Z0-9]+)*", line)


def test_words_of_other_scripts_stay_whole():
    assert words_of("हिन्दी में, ΟΔΟΣ «l’été» e\u0301te\u0301") == [
        "हिन्दी",
        "में",
        "ΟΔΟΣ",
        "l’été",
        "e\u0301te\u0301",
    ]


def test_lower_case_is_that_of_a_whole_word(tmp_path):
    path = write(tmp_path / "a", "ΟΔΟΣ οδος\nx x")
    corpus = read_corpus(path, lower=True, min_count=1)
    assert dict(told(corpus)[0]) == {"οδος": 2, "x": 2}


# ---- sources ------------------------------------------------------------------------

LINES = "a b c\nb c d\n\n  \nd e a\n"


def packed(content, name):
    if name == "gz":
        return gzip.compress(content)
    if name == "zst":
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, "zstd") as stream:
            stream.write(content)
        return sink.getvalue().to_pybytes()
    return content


def archive(members):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            tar.addfile(about, io.BytesIO(content))
    return made.getvalue()


@pytest.mark.parametrize("kind", ["plain", "gz", "zst"])
@pytest.mark.parametrize("inside", [False, True])
def test_every_packing_gives_the_same_corpus(tmp_path, kind, inside):
    content = LINES.encode()
    if inside:
        parts = {"x/1": content[:6], "x/._1": b"hidden", "x/2": content[6:]}
        content = archive(parts)
    corpus = read_corpus(write(tmp_path / "a", packed(content, kind)), **ONE)
    assert told(corpus) == slow_corpus([LINES])
    assert corpus.report.files == 1 + inside


def test_a_folder_is_its_files_in_the_order_of_their_paths(tmp_path):
    (tmp_path / "t" / "sub").mkdir(parents=True)
    write(tmp_path / "t" / "sub" / "z", "z a")
    write(tmp_path / "t" / "b", "b a")
    write(tmp_path / "t" / "a.gz", gzip.compress(b"a a"))
    write(tmp_path / "t" / ".hidden", "h h")
    corpus = read_corpus(tmp_path / "t", **ONE)
    assert told(corpus)[1] == [["a", "a"], ["b", "a"], ["z", "a"]]


def test_several_sources_are_read_in_the_order_given(tmp_path):
    one, two = write(tmp_path / "1", "a b"), write(tmp_path / "2", "b c")
    assert told(read_corpus([two, one], **ONE))[1] == [["b", "c"], ["a", "b"]]


def test_standard_input_is_read(monkeypatch):
    class Input:
        buffer = io.BufferedReader(io.BytesIO(gzip.compress(LINES.encode())))

    monkeypatch.setattr(sys, "stdin", Input)
    assert told(read_corpus("-", **ONE)) == slow_corpus([LINES])
    with pytest.raises(WrongUse, match="read alone"):
        read_corpus(["-", "a"])


def test_a_byte_order_mark_is_no_part_of_the_first_word(tmp_path):
    path = write(tmp_path / "a", b"\xef\xbb\xbfa b a")
    assert told(read_corpus(path, **ONE))[0] == [("a", 2), ("b", 1)]


# ---- sentences ----------------------------------------------------------------------


def test_long_sentences_are_cut_and_nothing_is_lost(tmp_path):
    path = write(tmp_path / "a", "a b c d e\na b\n")
    corpus = read_corpus(path, max_length=2, min_count=1)
    assert told(corpus)[1] == [["a", "b"], ["c", "d"], ["e"], ["a", "b"]]
    assert corpus.report.cut == 2 and corpus.report.tokens == corpus.num_tokens == 7


def test_rare_words_are_left_out_after_the_cut(tmp_path):
    path = write(tmp_path / "a", "a x b a\ny\nb a\n")
    corpus = read_corpus(path, max_length=2, min_count=2)
    assert told(corpus)[1] == [["a"], ["b", "a"], ["b", "a"]]
    assert corpus.report.emptied == 1 and corpus.report.kept == 5
    assert corpus.report.tokens == 7 and corpus.report.distinct == 4


# ---- the folder ---------------------------------------------------------------------


@pytest.fixture
def small(tmp_path):
    return write(tmp_path / "text", LINES)


def test_a_saved_corpus_is_loaded_as_it_was(tmp_path, small):
    made = read_corpus(small, out=tmp_path / "c", **ONE)
    again = Corpus.load(tmp_path / "c")
    assert told(again) == told(made) == slow_corpus([LINES])
    assert again.digest == made.digest and again.report == made.report
    assert sorted(p.name for p in (tmp_path / "c").iterdir()) == [
        "corpus.json",
        "starts.i64",
        "tokens.i32",
        "words.safetensors",
    ]
    assert not again.tokens.flags.writeable


def test_the_digest_is_of_the_content_and_not_of_the_packing(tmp_path, small):
    other = write(tmp_path / "b", gzip.compress(LINES.encode()))
    changed = write(tmp_path / "d", LINES.replace("d e a", "d a e"))
    digests = [read_corpus(path, **ONE).digest for path in (small, other, changed)]
    assert digests[0] == digests[1] != digests[2]


def test_a_temporary_corpus_is_removed_when_nobody_holds_it(
    monkeypatch, tmp_path, small
):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(reading.tempfile, "tempdir", str(tmp_path / "tmp"))
    corpus = read_corpus(small, **ONE)
    assert list((tmp_path / "tmp").iterdir())
    assert corpus.num_tokens == 9
    del corpus
    gc.collect()
    assert not list((tmp_path / "tmp").iterdir())


@pytest.mark.parametrize("when", ["reading", "encoding"])
@pytest.mark.parametrize("named", [True, False])
def test_an_interruption_leaves_nothing(monkeypatch, tmp_path, small, when, named):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(reading.tempfile, "tempdir", str(tmp_path / "tmp"))
    seen = []

    def stop(progress):
        seen.append(progress.task)
        if progress.task == when:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_corpus(small, out=tmp_path / "c" if named else None, progress=stop, **ONE)
    assert seen[-1] == when
    assert sorted(p.name for p in tmp_path.iterdir()) == ["text", "tmp"]
    assert not list((tmp_path / "tmp").iterdir())


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("corpus.json", b"", "Expecting value"),
        ("corpus.json", b"{}", "not of the format"),
        ("tokens.i32", b"abc", "3 bytes for 9 numbers"),
        ("starts.i64", None, "No such file"),
        ("words.safetensors", b"abc", "cannot be read"),
    ],
)
def test_a_damaged_folder_is_refused(tmp_path, small, name, change, why):
    read_corpus(small, out=tmp_path / "c", **ONE)
    (tmp_path / "c" / name).unlink()
    if change is not None:
        write(tmp_path / "c" / name, change)
    with pytest.raises(DataRefused, match=why):
        Corpus.load(tmp_path / "c")


def test_another_version_and_another_folder_are_refused(tmp_path, small):
    read_corpus(small, out=tmp_path / "c", **ONE)
    path = tmp_path / "c" / "corpus.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": 2}))
    with pytest.raises(DataRefused, match="version is 2"):
        Corpus.load(tmp_path / "c")
    with pytest.raises(DataRefused, match="no encoded corpus"):
        Corpus.load(tmp_path)


def test_nothing_is_overwritten(tmp_path, small):
    (tmp_path / "c").mkdir()
    with pytest.raises(WrongUse, match="exists"):
        read_corpus(small, out=tmp_path / "c")


# ---- vocabulary ---------------------------------------------------------------------


def test_rows_of_words(small):
    vocabulary = read_corpus(small, **ONE).vocabulary
    assert vocabulary.row_of(vocabulary.words[3]) == 3
    assert vocabulary.rows_of(["a", "b"]).tolist() == [0, 1]
    assert "a" in vocabulary and "zz" not in vocabulary and len(vocabulary) == 5
    with pytest.raises(UnknownId, match=r"'A' is none of the 5 words.*'a' is one"):
        vocabulary.row_of("A")
    with pytest.raises(ValueError, match="read-only"):
        vocabulary.counts[0] = 1


def test_counts_belong_to_words():
    with pytest.raises(DataRefused, match=r"must be \(1,\)"):
        Vocabulary(("a",), np.array([1, 2]))


# ---- what is refused ----------------------------------------------------------------

LONG = " ".join(map(str, range(100_000))).encode()
LATIN = "one two\nthree caf\u00e9 four\n".encode("latin1")


def gzipped(content):
    """The same bytes whenever it is called: they name a test."""
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", {}, "holds no word"),
        (b" \n \n", {}, "holds no word"),
        (b"a a\na\n", ONE, "only one distinct word, 'a'"),
        (b"a a b", {}, "min_count 5 leaves no word of 2; .*'a', comes 2 times.*most 1"),
        (b"a a a b b c", {"min_count": 3}, "min_count 3 leaves one word of 3"),
        (b"ab\ncd \0\1", {}, "line 2, byte 7: a zero byte.*binary"),
        (LATIN, {}, r"line 2, byte 18: bytes that are not UTF-8 \(b'\\xe9'\)"),
        ("a b".encode("utf-16"), {}, "UTF-16"),
        (b"PK\x03\x04", {}, "zip archive"),
        (gzipped(gzipped(b"a b")), {}, "inside its packing"),
        (gzipped(b"a b" * 50)[:-9], {}, "ends in the middle of its gzip data"),
        (gzipped(LONG)[:-9], {}, "ends in the middle of its gzip data"),
        (gzipped(archive({"a": LONG}))[:-999], {}, "ends in the middle"),
        (b"a\n" + b"x" * 70_000, {}, "line 2, byte 3: more than 65,536 bytes"),
        (b"a\n" + b"x" * 70_000 + b" b", {}, "line 2, byte 3: more than 65,536"),
        (archive({"a": b"a b" * 1000})[:1500], {}, "damaged archive"),
    ],
)
def test_what_is_no_corpus_is_refused_with_its_place(
    tmp_path, content, options, message
):
    path = write(tmp_path / "a", content)
    with pytest.raises(DataRefused, match=f"(?s){re.escape(str(path))}.*{message}"):
        read_corpus(path, out=tmp_path / "c", **options)
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("errors", "word"), [("replace", "caf\ufffd"), ("skip", "caf")]
)
def test_bytes_that_are_not_utf8_are_replaced_or_skipped(tmp_path, errors, word):
    corpus = read_corpus(write(tmp_path / "a", LATIN), errors=errors, **ONE)
    assert told(corpus)[1][1] == ["three", word, "four"]
    assert corpus.report.bad_bytes == 1 and "1 places" in corpus.report.text()


def test_a_place_counts_what_came_in_blocks_before(monkeypatch, tmp_path):
    monkeypatch.setattr(reading, "Reader", small_blocks(5))
    path = write(tmp_path / "a", b"\xef\xbb\xbfa b c\nd e f\ng \xff h\n")
    with pytest.raises(DataRefused, match="line 3, byte 18: "):
        read_corpus(path)


def test_files_that_are_not_there_are_refused_before_anything_is_read(tmp_path):
    path = write(tmp_path / "notes.txt", "a b")
    with pytest.raises(DataRefused, match=r"no file .*Did you mean notes.txt"):
        read_corpus([path, tmp_path / "note.txt"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataRefused, match="holds no file"):
        read_corpus(tmp_path / "empty")
    with pytest.raises(WrongUse, match="no text is given"):
        read_corpus([])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tokens": "word"}, "tokens"),
        ({"max_length": 1}, "max_length"),
        ({"min_count": 0}, "min_count"),
        ({"max_size": 1}, "max_size"),
        ({"errors": "ignore"}, "errors"),
    ],
)
def test_options_out_of_range_are_wrong_use(small, options, message):
    with pytest.raises(WrongUse, match=message):
        read_corpus(small, **options)


def test_more_words_than_memory_are_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(piece_table, "_FIRST", 4)
    monkeypatch.setattr(piece_table, "free_bytes", lambda: 100)
    path = write(tmp_path / "a", " ".join(map(str, range(50))))
    with pytest.raises(OutOfResources, match="distinct words"):
        read_corpus(path)


def test_a_full_disk_is_told(monkeypatch, tmp_path, small):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reading, "write_rest", full)
    with pytest.raises(OutOfResources, match="No space left"):
        read_corpus(small, out=tmp_path / "c", **ONE)
    assert [p.name for p in tmp_path.iterdir()] == ["text"]


# ---- real text ----------------------------------------------------------------------


def data(*parts):
    folder = data_folder()
    path = None if folder is None else folder.joinpath("text", *parts)
    if path is None or not path.is_file():
        pytest.skip(f"{parts[-1]} is not here")
    return path


@pytest.mark.parametrize("options", [{}, {"tokens": "words", "lower": True}])
def test_lee_is_read_as_the_slow_twin_reads_it(options):
    path = data("lee", "lee_background.cor.gz")
    content = gzip.decompress(path.read_bytes()).decode()
    corpus = read_corpus(path, **options)
    assert told(corpus) == slow_corpus([content], min_count=5, **options)


def test_the_measured_counts_of_the_brown_corpus():
    report = read_corpus(data("brown", "brown.txt.gz"), **ONE).report
    assert (report.tokens, report.lines, report.bytes) == (1161192, 57340, 6127074)


# ---- texts that have a card -----------------------------------------------------------

TEXTS_THERE_ARE = ["brown", "english-novels-a", "lee", "ptb", "wikispeedia-articles"]


def test_the_texts_are_these_and_have_no_name_of_a_graph():
    assert list_texts() == TEXTS_THERE_ARE
    assert not set(list_texts()) & set(list_cards())


SLOW = ("english-novels-a", "wikispeedia-articles")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])
        for name in TEXTS_THERE_ARE
    ],
)
def test_every_text_is_what_its_card_says(name):
    card = load_text_card(name)
    if not card.here:
        pytest.skip(f"the files of {name} are not here")
    report = read_corpus(name, sentences="lines", min_count=1).report
    found = (report.files, report.lines, report.tokens, report.distinct)
    assert found == tuple(card.counts.model_dump().values())


@pytest.fixture
def shelf(monkeypatch, tmp_path):
    """A data folder and a card of one text in it."""
    card = load_text_card("lee")
    content = b"a b\nb c a\n"
    write(tmp_path / "mine.txt", content)
    files = {"mine.txt": hashlib.sha256(content).hexdigest()}
    card = card.model_copy(update={"files": files, "sentences": "running"})
    monkeypatch.setenv("NODEEMB_DATA", str(tmp_path))
    monkeypatch.setattr(corpus_sources, "load_text_card", lambda name: card)
    return tmp_path


def test_a_text_is_read_by_name_as_its_card_says(shelf):
    assert told(read_corpus("lee", **ONE))[1] == [["a", "b", "b", "c", "a"]]
    lines = read_corpus("lee", sentences="lines", **ONE)
    assert told(lines)[1] == [["a", "b"], ["b", "c", "a"]]
    other = write(shelf / "other", "a b\nc\n")
    assert len(told(read_corpus(["lee", other], **ONE))[1]) == 4  # not all have a card


def test_another_file_than_the_cards_and_no_file_are_refused(shelf):
    write(shelf / "mine.txt", "a b c\n")
    with pytest.raises(DataRefused, match="not the one that the card"):
        read_corpus("lee")
    (shelf / "mine.txt").unlink()
    with pytest.raises(DataRefused, match=r"are not there.*Put mine.txt into"):
        read_corpus("lee")


def test_a_text_that_has_no_card_is_refused():
    with pytest.raises(WrongUse, match="Did you mean brown"):
        load_text_card("browm")
    with pytest.raises(DataRefused, match="or a text: brown, english-novels-a"):
        read_corpus("browm")


def test_gensim_counts_the_same_words_and_tokens():
    gensim = pytest.importorskip("gensim.models.word2vec")
    path = data("lee", "lee_background.cor.gz")
    theirs = gensim.Word2Vec(min_count=5, workers=1)
    theirs.build_vocab(gensim.LineSentence(str(path)))
    corpus = read_corpus(path)
    ours = dict(told(corpus)[0])
    assert ours == {
        w: theirs.wv.get_vecattr(w, "count") for w in theirs.wv.key_to_index
    }
    assert corpus.report.tokens == theirs.corpus_total_words
