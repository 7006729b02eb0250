"""Every card tells the truth about its file, and the embedded set can be made again."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import shutil

import pytest

from nodeemb import resources
from nodeemb.errors import DataRefused, WrongUse
from nodeemb.io import cards
from nodeemb.io.cards import list_cards, load_card, read_dataset
from nodeemb.io.pages import read_pages
from nodeemb.io.verify import verify
from nodeemb.resources import list_resources, resource_path

SHIPPED = ["debian-depends"]
MEASURED = [
    "advogato",
    "amazon-computers",
    "blogcatalog",
    "ca-AstroPh",
    "california-web",
    "chameleon",
    "chameleon-filtered",
    "cit-HepPh",
    "cora-planetoid",
    "cora-subelj",
    "cora_ml",
    "email-Eu-core",
    "facebook-combined",
    "hearst",
    "oewn-nouns",
    "ppi",
    "pubmed",
    "soc-Epinions1",
    "soc-anybeat",
    "soc-sign-bitcoin-otc",
    "soc-sign-epinions",
    "telegram",
    "usf-free-association",
    "webkb-cornell",
    "webkb-texas",
    "wiki-Elec",
    "wiki-RfA",
    "wiki-Vote",
    "wikipedia-pos",
    "wikispeedia",
    "wordnet-mammals",
]
PUBLISHED = [  # no file of these was ever read here
    "amazon0302",
    "amazon0601",
    "cit-HepTh",
    "cit-Patents",
    "com-Amazon",
    "com-DBLP",
    "com-LiveJournal",
    "com-Orkut",
    "com-Youtube",
    "ego-Twitter",
    "email-EuAll",
    "p2p-Gnutella08",
    "p2p-Gnutella31",
    "soc-LiveJournal1",
    "soc-Slashdot0811",
    "soc-Slashdot0902",
    "soc-pokec",
    "soc-sign-Slashdot081106",
    "soc-sign-bitcoin-alpha",
    "web-BerkStan",
    "web-Google",
    "web-NotreDame",
    "web-Stanford",
    "wiki-Talk",
    "wiki-topcats",
]


def test_the_list_is_known():
    assert list_cards() == sorted([*SHIPPED, *MEASURED, *PUBLISHED])


@pytest.mark.parametrize("name", list_cards())
def test_every_card_is_whole(name):
    card = load_card(name)
    assert card.shipped == (name in SHIPPED)
    assert card.verified == (name not in PUBLISHED)
    assert card.shipped or card.address.startswith("http")
    assert card.file.startswith(name if card.shipped else f"{card.group}/")
    assert card.reading.directed == (card.group != "undirected")
    assert card.direction.startswith(("source -> target: ", "None: "))
    assert card.direction.startswith("source") == card.reading.directed
    assert (card.reading.sign is not None) == (card.group == "signed")
    if card.verified:
        assert card.counts.nodes is not None
        assert card.counts.self_loops is not None
        assert (card.counts.negative is not None) == (card.group == "signed")


@pytest.mark.parametrize("name", [*SHIPPED, *MEASURED])
def test_every_file_is_what_its_card_says(name):
    if not load_card(name).here:
        pytest.skip(f"the file of {name} is not here")
    graph = read_dataset(name)  # refuses another checksum and other counts
    assert graph.report.isolated == 0


def test_every_graph_of_the_data_folder_has_a_card():
    folder = cards.data_folder()
    if folder is None or not (folder / "MANIFEST.json").is_file():
        pytest.skip("there is no list of a data folder")
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    sets = [each for each in manifest["datasets"] if each["kind"] == "graph"]
    assert {each["name"] for each in sets} <= set(MEASURED)
    listed = {f["file"]: f["sha256"] for each in sets for f in each["files"]}
    for name in MEASURED:
        card = load_card(name)
        parts = {
            f"{card.file}/{part}": digest for part, digest in (card.parts or {}).items()
        }
        assert (parts or {card.file: card.sha256}).items() <= listed.items()


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
    with pytest.raises(DataRefused, match=r"/web-Google.html.*/web-Google.txt.gz"):
        read_dataset("web-Google")  # no checksum, and still said where it comes from
    with pytest.raises(DataRefused, match="with all its files"):
        read_dataset("usf-free-association")
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
    counts = {"nodes": 2, "edges": 2, "self_loops": 1}
    monkeypatch.setattr(cards, "list_cards", lambda: ["mine"])
    monkeypatch.setenv("NODEEMB_DATA", str(tmp_path / "datasets"))
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
    digest = hashlib.sha256(b"a\tb\nb\tb\n").hexdigest()
    own(sha256=digest)
    assert read_dataset("mine").num_edges == 2
    own(
        sha256=digest,
        counts={"nodes": 2, "edges": 3, "self_loops": 1},
    )
    with pytest.raises(DataRefused, match="counts 3 edges, the file has 2"):
        read_dataset("mine")


def test_without_a_checksum_the_published_counts_are_checked(own):
    more = {"sha256": None, "shipped": False, "address": "https://example.org"}
    own(**more, counts={"edges": 2})
    card = load_card("mine")
    assert not card.verified
    assert read_dataset("mine").num_edges == 2
    assert [v.told for v in verify([card])] == [
        "counts as published; the checksum is not known"
    ]
    own(**more, counts={"edges": 7})
    with pytest.raises(DataRefused, match=r"counts 7 edges.*never seen when the card"):
        read_dataset("mine")


def test_verify_tells_right_from_wrong(own):
    heard = []
    own(sha256=hashlib.sha256(b"a\tb\nb\tb\n").hexdigest())
    (right,) = verify([load_card("mine")], heard.append)
    assert (right.wrong, right.told) == ("", "checksum and counts are right")
    own()
    (wrong,) = verify([load_card("mine")], heard.append)
    assert wrong.told == "wrong"
    assert "its sha256 is" in wrong.wrong
    assert [(now.task, now.share) for now in heard] == [("mine", 0.0)] * 2


PAGE = """<HTML>
<PRE>
CUE, TARGET, #G, FSG
CUE, CAF\xc9, 10, .5
ICE CREAM, CUE, 8, 1.25
</pre>
</HTML>
"""
OTHER = PAGE.replace("10, .5", "?, ?").replace("CAF\xc9", "TEA").replace("?, ?", "1, 2")


@pytest.fixture
def pages(own, tmp_path):
    """Two pages as a data set; gives a function that writes its card."""
    folder = tmp_path / "datasets" / "set"
    texts = {"1.gz": gzip.compress(PAGE.encode("latin-1")), "2": OTHER.encode()}
    texts["2"] = texts["2"].replace(b"ICE CREAM", b"TEA")
    for name, content in texts.items():
        (folder / name).write_bytes(content)
    parts = {name: hashlib.sha256(text).hexdigest() for name, text in texts.items()}
    reading = {"source": "CUE", "target": "TARGET", "weight": "FSG"}
    reading |= {"delimiter": ",", "header": True, "directed": True, "markup": "pre"}

    def write(**more):
        given = {"file": "set", "sha256": None, "reading": reading, "parts": parts}
        own(**given | {"counts": {"nodes": 4, "edges": 4, "self_loops": 0}} | more)
        return parts

    return write


def test_pages_by_hand(pages):
    pages()
    graph = read_dataset("mine")
    assert set(graph.ids) == {"CUE", "CAF\xc9", "ICE CREAM", "TEA"}
    row = graph.row
    pairs = [("CUE", "CAF\xc9", 0.5), ("ICE CREAM", "CUE", 1.25)]
    pairs += [("CUE", "TEA", 2.0), ("TEA", "CUE", 1.25)]
    matrix = graph.to_scipy()
    assert matrix.nnz == 4
    assert all(matrix[row(u), row(v)] == w for u, v, w in pairs)


def test_a_wrong_or_missing_part_is_refused(pages, tmp_path):
    parts = pages()
    pages(parts=parts | {"2": parts["1.gz"]})
    with pytest.raises(DataRefused, match="is not the one that the card"):
        read_dataset("mine")
    pages()
    (tmp_path / "datasets" / "set" / "2").unlink()
    assert not load_card("mine").here
    with pytest.raises(DataRefused, match="is not there"):
        read_dataset("mine")


@pytest.mark.parametrize(
    "text, complaint",
    [
        (PAGE.replace("</pre>", ""), "no one table"),
        (PAGE.replace(", .5", ""), "line 4: the row has no CUE, TARGET, FSG"),
        (PAGE.replace(" .5", " ?"), "line 4: the row has no"),
        (PAGE.replace("CAF\xc9", ""), "line 4: the row has no"),
        (PAGE.replace("FSG", "FSH"), "no column FSG. Did you mean FSH"),
    ],
)
def test_pages_that_are_not_as_they_should_be(tmp_path, text, complaint):
    path = tmp_path / "page"
    path.write_text(text, encoding="latin-1")
    with pytest.raises((DataRefused, WrongUse), match=complaint):
        read_pages([path], "CUE", "TARGET", "FSG", ",")
    path.write_bytes(gzip.compress(text.encode())[:-9])
    with pytest.raises(DataRefused, match="gzip is damaged"):
        read_pages([path], 0, 1, None, ",")


def test_the_answers_against_a_slow_reading():
    card = load_card("usf-free-association")
    if not card.here:
        pytest.skip("the files of usf-free-association are not here")
    graph = read_dataset(card.name)
    found = 0.0
    for path, _ in card.files:
        text = gzip.decompress(path.read_bytes()).decode("latin-1")
        for line in text.split("\n"):
            fields = line.split(", ")
            if len(fields) == 31 and fields[1] != "TARGET" and fields[0] == "DAD":
                found += float(fields[5])
    weights, row = graph.to_scipy(), graph.row("DAD")
    assert weights.sum(axis=1)[row] == pytest.approx(found, rel=1e-5)
    assert weights[row, graph.row("MOM")] == pytest.approx(0.71)


def test_cards_are_strict(own):
    own(titel="x")
    with pytest.raises(WrongUse, match=r"titel is not an option.*Did you mean title"):
        load_card("mine")
    own(counts={"nodes": "2", "edges": 2, "self_loops": 1})
    with pytest.raises(WrongUse, match=r"counts.nodes"):
        load_card("mine")
    for more, complaint in [
        ({"parts": {"a": "0" * 64}}, "parts and sha256"),
        ({"sha256": None}, "comes with nodeemb needs its sha256"),
        ({"shipped": False}, "needs its address"),
        ({"sha256": None, "parts": {"a": "0" * 64}}, "markup and parts"),
    ]:
        own(**more)
        with pytest.raises(WrongUse, match=complaint):
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
