"""What other programs read is what the embedding holds; ids they cannot hold are refused."""

from __future__ import annotations

import re
import tracemalloc
import urllib.parse
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nodeemb as ne
from nodeemb.embedding import export as export_module
from nodeemb.embedding.embedding import Embedding
from nodeemb.embedding.export import FORMATS, export
from nodeemb.errors import DataRefused, OutOfResources, WrongUse
from nodeemb.graph.graph import Graph
from nodeemb.graph.ids import Ids
from nodeemb.roles.layout import lay_out
from nodeemb.roles.schemes import SCHEMES

PROJECTOR = ["metadata.tsv", "vectors.tsv", "projector_config.pbtxt"]
ODD = ["#1", "ä", '"q"', "100%", "a,b", "-", "%20", "0"]


WORDS = [
    "the", "1984", "3,14", "-", "#tag", "%20", '"said"', "'tis", "don't", "l\u2019\u00e9t\u00e9",
    "na\u00efve", "nai\u0308ve", "\u2116", "\u6f22\u5b57", "\u05e9\u05dc\u05d5\u05dd",
    "\u0928\u092e\u0938\u094d\u0924\u0947", "\U0001f600", "\u200b", "a\u200cb", "\ufeffx", "</s>", "\\n",
    "NA", "nan", "0", "00",
]  # fmt: skip


def embedding_of(ids, dtype=np.float32, width=6, biases="none"):
    scheme = SCHEMES["source_target"]
    columns = lay_out(scheme, width, biases).columns
    rng = np.random.default_rng(0)
    count = ids if isinstance(ids, int) else len(ids)
    table = rng.standard_normal((count, columns)).astype(dtype)
    table.ravel()[:4] = [1e-38, -0.0, 3.4e38, 1 / 3]
    return Embedding(Ids(ids), table, scheme, width, biases)


def read_back(path, format):
    """(ids, vectors) as the format's own readers have them."""
    if format.startswith("word2vec"):
        from gensim.models import KeyedVectors

        read = KeyedVectors.load_word2vec_format(
            str(path), binary=format.endswith("binary")
        )
        return read.index_to_key, read.vectors
    if format == "npz":
        with np.load(path, allow_pickle=False) as read:
            return read["ids"].tolist(), read["vectors"]
    if format == "parquet":
        import pandas as pd

        read = pd.read_parquet(path)
        return read["id"].tolist(), np.stack(read["vector"])
    assert sorted(p.name for p in path.iterdir()) == sorted(PROJECTOR)
    config = (path / "projector_config.pbtxt").read_text()
    named = re.findall(r'^  (tensor|metadata)_path: "(.*)"$', config, re.MULTILINE)
    assert dict(named) == {"tensor": "vectors.tsv", "metadata": "metadata.tsv"}
    ids = (path / "metadata.tsv").read_bytes().decode().split("\n")[:-1]
    return ids, np.loadtxt(path / "vectors.tsv", delimiter="\t", dtype=np.float64)


@pytest.mark.parametrize("role", [None, "source", "target", "sum"])
@pytest.mark.parametrize("format", FORMATS)
def test_read_back_by_a_peer(tmp_path, format, role):
    embedding = embedding_of(ODD)
    path = embedding.export(tmp_path / "x", format, role=role)
    ids, vectors = read_back(path, format)
    assert list(ids) == ODD
    np.testing.assert_array_equal(vectors.astype(np.float32), embedding.vectors(role))


@pytest.mark.parametrize("format", FORMATS)
def test_whole_numbers_and_many_pieces(tmp_path, monkeypatch, format):
    monkeypatch.setattr(export_module, "_NUMBERS", 3 * 4096)
    embedding = embedding_of(10_000)
    moments = []
    export(embedding, tmp_path / "x", format, role="target", progress=moments.append)
    ids, vectors = read_back(tmp_path / "x", format)
    kind = int if format in ("npz", "parquet") else str
    assert list(ids) == [kind(i) for i in range(10_000)]
    np.testing.assert_array_equal(
        vectors.astype(np.float32), embedding.vectors("target")
    )
    assert [round(m.share, 3) for m in moments] == [0.41, 0.819, 1.0]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of `sgns` on a text of odd words, as it is loaded again."""
    folder = tmp_path_factory.mktemp("trained")
    picks = np.random.default_rng(0).integers(0, len(WORDS), (200, 8))
    lines = [" ".join(WORDS[i] for i in line) for line in picks]
    (folder / "text").write_text("the\n" + "\n".join(lines), encoding="utf-8")
    corpus = ne.read_corpus(folder / "text", min_count=1)
    assert sorted(corpus.vocabulary.words) == sorted(WORDS)
    options = {"sampler.subsample": 0.0}
    result = ne.embed(corpus, "sgns", dim=5, options=options, threads=1)
    return ne.load(result.save(folder / "run"))


@pytest.mark.parametrize("readout", ["in", "out", "sum", "concat"])
@pytest.mark.parametrize("binary", [False, True])
def test_gensim_finds_the_nearest_words_of_a_readout(
    tmp_path, trained, binary, readout
):
    """Cosines of what `vectors` gives, in order, for every word."""
    from gensim.models import KeyedVectors

    format = "word2vec-binary" if binary else "word2vec"
    path = trained.export(tmp_path / "words", format, role=readout)
    read = KeyedVectors.load_word2vec_format(str(path), binary=binary)
    assert read.index_to_key == list(trained.ids)
    vectors = np.float64(trained.vectors(readout))
    assert read.vector_size == vectors.shape[1] == (10 if readout == "concat" else 5)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit @ unit.T
    for row, word in enumerate(trained.ids):
        found = read.most_similar(word, topn=len(WORDS))
        others = np.argsort(-cosines[row])
        others = others[others != row]
        assert [near for near, _ in found] == [trained.ids[i] for i in others.tolist()]
        told = [value for _, value in found]
        np.testing.assert_allclose(told, cosines[row, others], atol=1e-6)


@pytest.mark.parametrize("format", ["npz", "parquet", "projector"])
def test_float64_keeps_its_bits(tmp_path, format):
    embedding = embedding_of(ODD, np.float64)
    _, vectors = read_back(embedding.export(tmp_path / "x", format), format)
    np.testing.assert_array_equal(vectors, embedding.vectors())


@pytest.mark.parametrize(
    ("format", "bad"),
    [
        ("word2vec", ["a b", "a\tb", "a\nb", "a\u3000b", "a\xa0b", " ", ""]),
        ("word2vec-binary", ["a b", "a\nb", ""]),
        ("projector", ["a\tb", "a\nb", "a\rb", "a\x85b", "\u2028", ""]),
        ("npz", ["a\0", "\0\0", "%\0"]),
    ],
)
def test_ids_that_a_format_cannot_hold(tmp_path, format, bad):
    for node in bad:
        embedding = embedding_of(["fine", node])
        with pytest.raises(DataRefused) as caught:
            embedding.export(tmp_path / "x", format)
        assert repr(node) in str(caught.value)
        assert not list(tmp_path.iterdir())
        if not node:
            continue
        path = embedding.export(tmp_path / "x", format, escape=True)
        ids, _ = read_back(path, format)
        assert [urllib.parse.unquote(i) for i in ids] == ["fine", node]
        for file in [path, *path.glob("*")] if path.is_dir() else [path]:
            file.unlink() if file.is_file() else None
        path.rmdir() if path.is_dir() else None


def test_escaping_can_be_undone_whatever_the_id(tmp_path):
    ids = ["%20", " ", "%", "%25", "a%b c"]
    path = embedding_of(ids).export(tmp_path / "x", "word2vec", escape=True)
    assert [urllib.parse.unquote(i) for i in read_back(path, "word2vec")[0]] == ids


@pytest.mark.parametrize("format", ["npz", "parquet"])
@pytest.mark.parametrize("ids", [[(1, 2), (3, 4)], [1, "1"], [2**70, 1], [1.5, 2.5]])
def test_ids_without_a_column_type(tmp_path, format, ids):
    with pytest.raises(DataRefused, match="no column type"):
        embedding_of(ids).export(tmp_path / "x", format)
    assert not list(tmp_path.iterdir())


def test_a_number_and_its_text_would_be_one_id(tmp_path):
    with pytest.raises(DataRefused, match="both written '1'"):
        embedding_of([1, "1"]).export(tmp_path / "x", "word2vec")


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_is_overwritten_or_left_half(tmp_path, monkeypatch, format):
    embedding = embedding_of(ODD)
    (tmp_path / "x").write_text("precious")
    with pytest.raises(WrongUse, match="x exists"):
        embedding.export(tmp_path / "x", format)
    assert (tmp_path / "x").read_text() == "precious"

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutOfResources, match="No space left"):
        embedding.export(tmp_path / "y", format)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_unknown_names(tmp_path):
    with pytest.raises(WrongUse, match="Did you mean word2vec"):
        embedding_of(3).export(tmp_path / "x", "word2vek")
    with pytest.raises(WrongUse, match="Did you mean target"):
        embedding_of(3).export(tmp_path / "x", "npz", role="targt")
    assert not Path(tmp_path / "x").exists()


def test_zeros_within_an_id_are_kept_and_at_its_end_not_lost(tmp_path):
    ids = ["a\0b", "\0a", "", "a" * 1000]
    path = embedding_of(ids).export(tmp_path / "x", "npz")
    assert read_back(path, "npz")[0] == ids
    ids = ["a\0", "", "\0", "\0\0"]
    assert (
        read_back(embedding_of(ids).export(tmp_path / "y", "parquet"), "parquet")[0]
        == ids
    )


def test_one_long_id_does_not_make_a_huge_file(tmp_path):
    embedding = embedding_of(["a", "b" * 1001])
    with pytest.raises(DataRefused, match="1,001 characters"):
        embedding.export(tmp_path / "x", "npz")
    assert (
        len(read_back(embedding.export(tmp_path / "x", "parquet"), "parquet")[0]) == 2
    )


@pytest.mark.parametrize("escape", [False, True])
@pytest.mark.parametrize("format", FORMATS)
def test_half_a_surrogate_pair_is_refused(tmp_path, format, escape):
    with pytest.raises(DataRefused, match="half a surrogate pair"):
        embedding_of(["fine", "\ud800"]).export(tmp_path / "x", format, escape=escape)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_to_write_is_refused(tmp_path, format):
    scheme = SCHEMES["signature"].with_shares({"minus": 0.0})
    table = np.ones((3, 6), np.float32)
    embedding = Embedding(Ids(3), table, scheme, 6)
    with pytest.raises(DataRefused, match="role minus has no numbers"):
        embedding.export(tmp_path / "x", format, role="minus")
    embedding = Embedding(Ids([]), table[:0], scheme, 6)
    with pytest.raises(DataRefused, match="no node"):
        embedding.export(tmp_path / "x", format)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("role", ["source", "source_bias", "sum", None])
@pytest.mark.parametrize("format", FORMATS)
def test_roles_that_are_put_together_are_so_in_pieces(
    tmp_path, monkeypatch, format, role
):
    embedding = embedding_of(101, np.float64, biases="free")
    whole = embedding.export(tmp_path / "whole", format, role=role)
    monkeypatch.setattr(export_module, "_NUMBERS", 13)
    parts = embedding.export(tmp_path / "parts", format, role=role)
    one, two = read_back(whole, format), read_back(parts, format)
    assert list(one[0]) == list(two[0])
    np.testing.assert_array_equal(one[1], two[1])
    if format != "parquet":  # its groups of rows are the pieces
        files = PROJECTOR if format == "projector" else ["."]
        for name in files:
            assert (whole / name).read_bytes() == (parts / name).read_bytes()


@pytest.mark.parametrize("role", ["sum", None])
@pytest.mark.parametrize("format", FORMATS)
def test_memory_does_not_double(tmp_path, monkeypatch, format, role):
    monkeypatch.setattr(export_module, "_NUMBERS", 2**14)
    table = np.zeros((40_000, 64), np.float32)  # 10 MB, in pieces of 64 kB
    embedding = Embedding(Ids(len(table)), table, SCHEMES["source_target"], 64)
    embedding_of(3).export(tmp_path / "x", format)  # imports
    tracemalloc.start()
    embedding.export(tmp_path / "y", format, role=role)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < table.nbytes / 5


def test_degrees_for_the_projector(tmp_path):
    graph = Graph.from_edges(["a", "a", "b"], ["b", "c", "c"])
    embedding = embedding_of(list(graph.ids))
    path = embedding.export(tmp_path / "x", "projector", graph=graph)
    told = (path / "metadata.tsv").read_text().splitlines()
    assert told == ["id\tout_degree\tin_degree", "a\t2\t0", "b\t1\t1", "c\t0\t2"]
    with pytest.raises(DataRefused, match="other nodes"):
        embedding_of(["a", "b", "d"]).export(tmp_path / "y", "projector", graph=graph)
    with pytest.raises(WrongUse, match="npz has no place for degrees"):
        embedding.export(tmp_path / "y", "npz", graph=graph)
    assert not (tmp_path / "y").exists()


@pytest.mark.parametrize("format", FORMATS)
def test_equal_vectors_make_equal_files(tmp_path, format):
    one = embedding_of(ODD).export(tmp_path / "x", format)
    two = embedding_of(ODD).export(tmp_path / "y", format)
    for name in PROJECTOR if format == "projector" else ["."]:
        assert (one / name).read_bytes() == (two / name).read_bytes()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text(max_size=8), min_size=1, max_size=8, unique=True),
    st.sampled_from(FORMATS),
    st.booleans(),
)
def test_any_ids_come_back_or_are_refused(tmp_path_factory, ids, format, escape):
    """What can be written is read back by the format's own readers as the same ids."""
    path = tmp_path_factory.mktemp("x") / "x"
    embedding = embedding_of(ids)
    try:
        embedding.export(path, format, escape=escape)
    except DataRefused as error:
        assert repr(next(i for i in ids if repr(i) in str(error)))
        assert not path.exists()
        return
    found, vectors = read_back(path, format)
    if escape:
        found = [urllib.parse.unquote(i) for i in found]
    assert list(found) == ids
    np.testing.assert_array_equal(
        vectors.reshape(len(ids), -1).astype(np.float32), embedding.vectors()
    )
