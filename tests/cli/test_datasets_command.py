"""`nodeemb datasets`: the list, a card, and the check of what is here."""

import hashlib
from pathlib import Path

import pytest

from nodeemb.io import cards, text_cards
from nodeemb.io.cards import list_cards, load_card
from nodeemb.io.text_cards import list_texts, load_text_card

TEXT = "# a comment\n1\t2\n2\t3\n3\t1\n"


@pytest.fixture
def data(here, monkeypatch):
    """A data folder with web-Google in it, its card counting what that file holds."""
    folder = here / "data"
    (folder / "directed" / "web-Google").mkdir(parents=True)
    (folder / "directed" / "web-Google" / "web-Google.txt.gz").write_text(TEXT)
    monkeypatch.setenv("NODEEMB_DATA", str(folder))

    def claim(**more):
        card = load_card("web-Google")
        counts = card.counts.model_copy(update={"nodes": 3, "edges": 3})
        changed = card.model_copy(update={"counts": counts, **more})
        real = cards.load_card
        monkeypatch.setattr(
            cards,
            "load_card",
            lambda name: changed if name == card.name else real(name),
        )

    return claim


def test_the_list_says_what_is_here(nodeemb, data):
    result = nodeemb("datasets")
    assert result.exit_code == 0
    lines = {line.split()[0]: line for line in result.stdout.splitlines()[1:]}
    assert list(lines) == [*list_cards(), "text", *list_texts()]
    assert lines["debian-depends"].split(None, 1)[1].split("  ")[0] == "directed"
    assert "comes with nodeemb" in lines["debian-depends"]
    assert lines["web-Google"].split()[1:] == [
        "directed",
        "here",
        "875,713",
        "5,105,039",
    ]
    assert "not here" in lines["wiki-Vote"]
    assert "not known" in lines["soc-sign-Slashdot081106"]
    assert (
        f"2 of {len(list_cards())} are here; looked for in {Path('data').resolve()}"
        in (result.stderr)
    )


def test_without_a_folder_it_says_so(nodeemb, here, monkeypatch):
    monkeypatch.delenv("NODEEMB_DATA", raising=False)
    monkeypatch.setattr(cards, "checkout_folder", lambda: None)
    result = nodeemb("datasets")
    assert "1 of" in result.stderr
    assert "NODEEMB_DATA is not set" in result.stderr
    shown = nodeemb("datasets", "wiki-Vote").stdout
    assert "into a folder and set NODEEMB_DATA to that folder" in shown


def test_a_card_is_shown_whole(nodeemb, data):
    result = nodeemb("datasets", "debian-depends", "wiki-Vote")
    assert result.exit_code == 0
    first, second = result.stdout.split("\n\n")
    for told in (load_card("debian-depends").sha256, "63,580", "2026-07-11", "yes"):
        assert told in first
    for told in ("voted", "snap.stanford.edu", "no. Put it as ", "comment='#'"):
        assert told in second
    signed = nodeemb("datasets", "wiki-Elec").stdout
    assert "negative    22,344" in signed
    absent = nodeemb("datasets", "web-Google").stdout
    assert "not verified here" in absent
    parts = nodeemb("datasets", "usf-free-association").stdout
    assert "Cue_Target_Pairs.T-Z.gz 75b777" in parts


def test_an_unknown_name(refused, data):
    assert "Did you mean wiki-Vote?" in refused(2, "datasets", "wiki-vote")
    assert "Did you mean wiki-Vote?" in refused(2, "datasets", "--verify", "wiki-vote")


def test_verify_takes_what_is_here(nodeemb, data):
    data()
    result = nodeemb("datasets", "--verify")
    assert result.exit_code == 0, result.output
    assert [" ".join(line.split()) for line in result.stdout.splitlines()] == [
        "data set verdict",
        "debian-depends checksum and counts are right",
        "web-Google counts as published; the checksum is not known",
    ]
    data(sha256=hashlib.sha256(TEXT.encode()).hexdigest())
    result = nodeemb("datasets", "--verify", "web-Google")
    assert "checksum and counts are right" in result.stdout
    assert "All well: 1 data sets" in result.stderr


def test_verify_refuses_what_is_wrong(refused, data):
    told = refused(3, "datasets", "--verify")  # 3 edges, and the card counts 5,105,039
    assert "1 of 2 data sets are not what their cards say: web-Google" in told
    assert "counts 875,713 nodes, the file has 3" in told
    data(sha256="0" * 64)
    assert "its sha256 is " in refused(3, "datasets", "--verify", "web-Google")


def test_verify_of_an_absent_set_says_where_it_belongs(refused, data):
    told = refused(3, "datasets", "wiki-Vote", "debian-depends", "--verify")
    assert "1 of 2" in told
    assert "snap.stanford.edu/data/wiki-Vote.html" in told
    assert str(Path("data/directed/wiki-Vote/wiki-Vote.txt.gz").resolve()) in told


def test_texts_are_listed_shown_and_checked(nodeemb, refused, monkeypatch, tmp_path):
    monkeypatch.setenv("NODEEMB_DATA", str(tmp_path))
    listed = nodeemb("datasets").stdout
    assert "brown" in listed and "1,161,192" in listed
    shown = nodeemb("datasets", "lee", "debian-depends").stdout
    assert "59,890 between white space" in shown and "debian-depends: " in shown
    assert "no. Put text/lee/lee_background.cor.gz into" in shown
    assert "are not there" in refused(3, "datasets", "--verify", "lee")
    file = tmp_path / "text" / "lee" / "lee_background.cor.gz"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"another")
    assert "its sha256 is" in refused(3, "datasets", "--verify", "lee")
    digest = hashlib.sha256(b"another").hexdigest()
    card = load_text_card("lee").model_copy(
        update={"files": {"text/lee/lee_background.cor.gz": digest}}
    )
    monkeypatch.setattr(text_cards, "load_text_card", lambda name: card)
    assert "checksum is right" in nodeemb("datasets", "--verify", "lee").stdout
