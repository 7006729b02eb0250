"""What other programs read is what the embedding holds; ids they cannot hold are refused."""

from __future__ import annotations

import urllib.parse
from pathlib import Path

import numpy as np
import pytest

from nodeemb.embedding.embedding import Embedding
from nodeemb.embedding.export import FORMATS, export
from nodeemb.errors import DataRefused, OutOfResources, WrongUse
from nodeemb.graph.ids import Ids
from nodeemb.roles.layout import lay_out
from nodeemb.roles.schemes import SCHEMES

ODD = ["#1", "ä", '"q"', "100%", "a,b", "-", "%20", "0"]


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
    assert sorted(p.name for p in path.iterdir()) == ["metadata.tsv", "vectors.tsv"]
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
def test_whole_numbers_and_many_pieces(tmp_path, format):
    embedding = embedding_of(10_000)
    moments = []
    export(embedding, tmp_path / "x", format, role="target", progress=moments.append)
    ids, vectors = read_back(tmp_path / "x", format)
    kind = int if format in ("npz", "parquet") else str
    assert list(ids) == [kind(i) for i in range(10_000)]
    np.testing.assert_array_equal(
        vectors.astype(np.float32), embedding.vectors("target")
    )
    if format != "npz":
        assert [round(m.share, 3) for m in moments] == [0.41, 0.819, 1.0]


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
        ("projector", ["a\tb", "a\nb", "a\rb", ""]),
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
