"""`nodeemb estimate`: by a card, by numbers, and refused with what to do."""

import re


def test_by_numbers(nodeemb, here):
    told = nodeemb(
        "estimate", "--nodes", "1000000", "--edges", "16000000", "--preset", "line2",
        "--dim", "64", "--set", "training.epochs=1", "--threads", "1",
    )  # fmt: skip
    assert re.search(r"tables +1\.0 GB", told.stdout)
    assert re.search(r"in all, at most at once +\d\.\d GB", told.stdout)
    assert "about" in told.stdout and "on 1 thread (" in told.stdout


def test_by_a_card(nodeemb, here):
    told = nodeemb("estimate", "debian-depends", "--dim", "8")
    assert "63,580 nodes   273,919 edges   directed" in told.stderr
    assert "Method    calibrated" in told.stderr


def test_what_is_missing_or_wrong(refused, here):
    assert "both --nodes and --edges" in refused(2, "estimate")
    assert "both --nodes and --edges" in refused(2, "estimate", "--nodes", "5")
    assert "nodeemb inspect FILE" in refused(2, "estimate", "edges.tsv")
    assert "Did you mean" in refused(
        2, "estimate", "debian-depends", "--preset", "nurd"
    )
