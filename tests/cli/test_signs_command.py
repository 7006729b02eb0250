"""`nodeemb signs`: a table from a file of signed edges, and again from its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

CONFIG = """
name: two
title: two roles and four
inputs: [{name: signed.tsv, source: 0, target: 1, sign: 2, header: false}]
seeds: [0]
test: 0.3
fit: 0.2
width: 8
control: two
recipe: {noise: {per_pair: 0}, training: {epochs: 1}}
arms:
  - {name: two, recipe: {roles: {scheme: source_target_signed}}}
  - {name: four, recipe: {roles: {scheme: four_signed}, noise: {unlinked: 1}}}
"""


@pytest.fixture
def signed(here):
    """A file of signed edges and a comparison in the working folder."""
    links = [
        f"n{u}\tn{(u + step) % 40}\t{1 if (u + step) % 3 else -1}\n"
        for u in range(40)
        for step in (1, 2, 3, 5, 8)
    ]
    Path("signed.tsv").write_text("".join(links))
    Path("two.yaml").write_text(CONFIG)
    return here


def test_a_comparison_is_done_kept_and_shown_again(nodeemb, signed):
    first = nodeemb("signs", "--config", "two.yaml", "--out", "run", "-q")
    assert first.exit_code == 0, first.output
    lines = first.stdout.splitlines()
    assert lines[0].startswith("signed.tsv (seeds 0; class weights: every pair one)")
    assert [line.split("|")[1].strip() for line in lines[4:]] == [
        "degrees",
        "two",
        "four",
    ]
    kept = Path("run/cells/signed.tsv-0.json").stat().st_mtime_ns
    again = nodeemb("signs", "--config", "two.yaml", "--out", "run", "-q")
    shown = nodeemb("signs", "--config", "two.yaml", "--out", "run", "--table")
    assert first.stdout == again.stdout == shown.stdout
    assert Path("run/cells/signed.tsv-0.json").stat().st_mtime_ns == kept


def test_a_file_and_seeds_may_be_named_beside_the_comparison(nodeemb, signed):
    columns = ("--source", "0", "--target", "1", "--sign", "2", "--no-header")
    args = ("signs", "signed.tsv", *columns, "--config", "two.yaml", "--seed", "3")
    done = nodeemb(*args)
    assert done.exit_code == 0, done.output
    assert "seeds 3" in done.stdout
    assert "seed 3: four trained" in done.stderr
    assert "--table --out" in done.stderr
    assert Path("runs/signs-two/cells/signed.tsv-3.json").exists()


def test_what_cannot_be_asked_leaves_nothing(refused, signed):
    config = ("--config", "two.yaml")
    assert "no signs" in refused(2, "signs", "debian-depends", *config)
    assert "and no file" in refused(2, "signs", "--sign", "2", *config)
    assert "no results" in refused(3, "signs", "--table", *config)
    assert "no data set" in refused(2, "signs", "nothing-here", *config)
