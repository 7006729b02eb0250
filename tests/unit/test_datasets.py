"""Every card tells the truth about its file, and the embedded set can be made again."""

from __future__ import annotations

import gzip
import importlib.util
import shutil

import pytest

from nodeemb import resources
from nodeemb.errors import DataRefused, WrongUse
from nodeemb.io import cards
from nodeemb.io.cards import list_cards, load_card, read_dataset
from nodeemb.resources import list_resources, resource_path

SHIPPED = ["debian-depends"]
DESCRIBED = [
    "ca-AstroPh",
    "cora-planetoid",
    "cora-subelj",
    "cora_ml",
    "email-Eu-core",
    "pubmed",
    "soc-Epinions1",
    "soc-anybeat",
    "soc-sign-bitcoin-otc",
    "telegram",
    "wiki-Elec",
    "wiki-Vote",
    "wikispeedia",
]


def test_the_list_is_known():
    assert list_cards() == sorted([*SHIPPED, *DESCRIBED])


@pytest.mark.parametrize("name", list_cards())
def test_every_card_is_whole(name):
    card = load_card(name)
    assert card.shipped == (name in SHIPPED)
    assert card.shipped or card.address.startswith("http")
    assert card.reading.directed == (card.group != "undirected")
    assert (card.counts.negative > 0) == (card.group == "signed")
    assert (card.reading.sign is not None) == (card.group == "signed")


@pytest.mark.parametrize("name", list_cards())
def test_every_file_is_what_its_card_says(name):
    path = load_card(name).path
    if path is None or not path.is_file():
        pytest.skip(f"the file of {name} is not here")
    graph = read_dataset(name)  # refuses another checksum and other counts
    assert graph.report.isolated == 0


def test_the_embedded_set_against_a_slow_reading():
    graph = read_dataset("debian-depends")
    text = gzip.decompress(load_card("debian-depends").path.read_bytes()).decode()
    pairs = [tuple(line.split("\t")) for line in text.splitlines()]
    assert pairs == sorted(set(pairs))
    assert len(pairs) == graph.num_edges
    assert {name for pair in pairs for name in pair} == set(graph.ids)
    row = graph.row("python3")
    assert graph.in_degree[row] == sum(target == "python3" for _, target in pairs)
    assert graph.has_edges([row], [graph.row("python3.11")])[0]
    assert graph.directed and not graph.report.self_loops


def test_cited_papers_stand_first_in_the_linqs_file():
    card = load_card("cora-planetoid")
    if card.path is None or not card.path.is_file():
        pytest.skip("the file of cora-planetoid is not here")
    cited, citing = gzip.decompress(card.path.read_bytes()).split(b"\n")[0].split(b"\t")
    graph = read_dataset("cora-planetoid")
    rows = graph.rows([int(citing), int(cited)])
    assert graph.has_edges(rows[:1], rows[1:])[0]
    assert graph.in_degree.max() == 166  # the most cited, not the longest bibliography


# ---- the script beside the embedded set ---------------------------------------------

INDEX = """\
Package: a
Version: 1
Depends: b (>= 1.2), c:any | d, b (<< 3), virtual-x | e,
 folded+1.0 [amd64] <!nocheck>
Pre-Depends: never

Package: b
Description: a line separator\u2028Depends: inside
Depends: a
Description-md5: 0\u2028Depends: lonely

Package: lonely
"""
EDGES = "a\tb\na\tc\na\tfolded+1.0\na\tvirtual-x\nb\ta\n"


@pytest.fixture(scope="module")
def extract():
    path = resource_path("datasets", "debian-depends", "extract.py")
    spec = importlib.util.spec_from_file_location("extract", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_extraction_by_hand(extract, tmp_path, capsys):
    (tmp_path / "Packages").write_text(INDEX, encoding="utf-8")
    first, second = str(tmp_path / "1.gz"), str(tmp_path / "2.gz")
    assert extract.main([str(tmp_path / "Packages"), first]) == 0
    shutil.copy(tmp_path / "Packages", tmp_path / "other name")
    assert extract.main([str(tmp_path / "other name"), second]) == 0
    packed = (tmp_path / "1.gz").read_bytes()
    assert gzip.decompress(packed).decode() == EDGES
    assert packed == (tmp_path / "2.gz").read_bytes()
    assert packed[4:8] == b"\0\0\0\0"  # no time
    assert "edges            5" in capsys.readouterr().out


def test_extraction_says_how_it_is_used(extract, capsys):
    assert extract.main([]) == 2
    assert "usage" in capsys.readouterr().err


# ---- refusals -----------------------------------------------------------------------


def test_unknown_name():
    with pytest.raises(WrongUse, match="Did you mean wiki-Vote"):
        load_card("wiki-vote")


def test_absent_file(monkeypatch, tmp_path):
    monkeypatch.setenv("NODEEMB_DATA", str(tmp_path))
    with pytest.raises(DataRefused, match=r"snap.stanford.edu.*Put it as .*wiki-Vote"):
        read_dataset("wiki-Vote")
    monkeypatch.delenv("NODEEMB_DATA")
    monkeypatch.setattr(cards, "checkout_folder", lambda: None)
    with pytest.raises(DataRefused, match=r"set NODEEMB_DATA to that folder"):
        read_dataset("wiki-Vote")


@pytest.fixture
def own(monkeypatch, tmp_path):
    """A folder of cards of one's own with one set in it; gives the card's path."""
    (tmp_path / "datasets" / "set").mkdir(parents=True)
    (tmp_path / "datasets" / "set" / "e.tsv").write_text("a\tb\nb\tb\n")
    original = load_card("debian-depends").model_dump(mode="json")
    digest = "2c39c53b0d3b7b8f09f9d5f9ba15cdcdc3d9a3a1bd3a5b1c1b9d4f0a9e1b2c3d"
    changes = {"name": "mine", "file": "set/e.tsv", "sha256": digest}
    counts = {"nodes": 2, "edges": 2, "self_loops": 1, "negative": 0}
    monkeypatch.setattr(cards, "list_cards", lambda: ["mine"])
    monkeypatch.setattr(
        cards, "resource_path", lambda *parts: tmp_path.joinpath(*parts)
    )

    def write(**more):
        card = original | changes | {"counts": counts} | more
        lines = [
            f"{k}: {v!r}" for k, v in card.items() if v is not None and k != "date"
        ]
        text = "\n".join(lines).replace("True", "true").replace("False", "false")
        text = text.replace("None", "null").replace("'\\t'", '"\\t"')
        (tmp_path / "datasets" / "mine.yaml").write_text(text)

    return write


def test_another_file_is_refused(own):
    own()
    with pytest.raises(DataRefused, match="is not the one that the card"):
        read_dataset("mine")


def test_other_counts_are_refused(own):
    import hashlib

    digest = hashlib.sha256(b"a\tb\nb\tb\n").hexdigest()
    own(sha256=digest)
    assert read_dataset("mine").num_edges == 2
    own(
        sha256=digest,
        counts={"nodes": 2, "edges": 3, "self_loops": 1, "negative": 0},
    )
    with pytest.raises(DataRefused, match="counts 3 edges, the file has 2"):
        read_dataset("mine")


def test_cards_are_strict(own):
    own(titel="x")
    with pytest.raises(WrongUse, match=r"titel is not an option.*Did you mean title"):
        load_card("mine")
    own(counts={"nodes": "2", "edges": 2, "self_loops": 1, "negative": 0})
    with pytest.raises(WrongUse, match=r"counts.nodes"):
        load_card("mine")
    own(name="other")
    with pytest.raises(DataRefused, match='named "other"'):
        load_card("mine")


# ---- where the files are ------------------------------------------------------------


def test_resources_inside_an_installed_package(monkeypatch, tmp_path):
    package = tmp_path / "site" / "nodeemb"
    (package / "_data" / "datasets").mkdir(parents=True)
    (package / "_data" / "datasets" / "one.yaml").touch()
    (tmp_path / "site" / "datasets").mkdir()  # another package of that name
    (tmp_path / "site" / "datasets" / "two.yaml").touch()
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert list_resources("datasets") == ["one"]
    assert resource_path("datasets", "one.yaml").is_file()
    assert resources.checkout_folder() is None


def test_unknown_kind_of_resource():
    with pytest.raises(WrongUse, match="no kind of resource"):
        list_resources("dataset")
