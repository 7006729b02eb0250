"""Senses as words: against the pairs written down, and bad tables refused."""

import gzip

import pytest

import nodeemb as ne
from nodeemb.errors import DataRefused, WrongUse
from nodeemb.options import parse
from nodeemb.study.datasets import Dataset
from nodeemb.study.senses import graph_of_words, read_words

TABLE = "sense\tfile\twords\ns1\tx\tcat|True Cat\ns2\ty\tfeline\ns3\ty\tcat\ns4\ty\n"


def table(path, text=TABLE):
    path.write_bytes(gzip.compress(text.encode()))
    return path


def test_a_word_points_where_a_sense_of_it_does(tmp_path):
    # s1 -> s2, s2 -> s3, s3 -> s1: cat and cat, which is no link; s4 has no word
    graph = ne.Graph.from_edges(
        [0, 1, 2, 3], [1, 2, 0, 0], ids=["s1", "s2", "s3", "s4"], num_nodes=4
    )
    words = read_words(table(tmp_path / "t.gz"), "words")
    assert words == {
        "s1": ["cat", "true cat"],
        "s2": ["feline"],
        "s3": ["cat"],
        "s4": [],
    }
    made = graph_of_words(graph, words)
    found = {
        (made.ids[u], made.ids[v])
        for u, v in zip(made.sources, made.targets, strict=True)
    }
    assert found == {
        ("cat", "feline"), ("true cat", "feline"), ("feline", "cat"), ("cat", "true cat")
    }  # fmt: skip
    with pytest.raises(DataRefused, match="no link"):
        graph_of_words(graph, {"s1": ["a"]})


def test_a_table_without_the_words_is_refused(tmp_path):
    with pytest.raises(DataRefused, match="no column member") as told:
        read_words(table(tmp_path / "t.gz"), "member")
    assert "file, words" in str(told.value)
    path = tmp_path / "w"
    path.write_bytes(b"a\twords\n\xff\tb\n")
    with pytest.raises(DataRefused, match="UTF-8"):
        read_words(path, "words")


def test_words_go_with_data_sets_of_senses():
    with pytest.raises(WrongUse, match="of senses as they are"):
        parse(Dataset, {"input": "oewn-nouns", "words": "members", "null": "coin"}, "t")


def test_wordnet_has_words():
    try:
        made = parse(Dataset, {"input": "oewn-nouns", "words": "members"}, "t").read()
    except DataRefused as error:
        pytest.skip(f"data set oewn-nouns is not here: {error}")
    names = {name: row for row, name in enumerate(made.ids)}
    assert made.has_edges([names["dog"]], [names["canine"]]).all()
    assert not made.has_edges([names["canine"]], [names["dog"]]).any()
