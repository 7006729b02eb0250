"""Cells that come with the project are cells of today's studies."""

import gzip
import json
from pathlib import Path

import pytest

from nodeemb.io.cards import load_card
from nodeemb.study.options import load_study
from nodeemb.study.plan import Graphs, make_cells

RESULTS = Path(__file__).parents[2] / ".results"


@pytest.mark.parametrize("study", ["published", "roles-quick", "roles"])
def test_recorded_cells_are_taken_for_what_they_were(study):
    """One graph's: a choice that is new changes the keys of all."""
    if not load_card("cora_ml").here:
        pytest.skip("cora_ml is not here")
    with gzip.open(RESULTS / f"{study}.jsonl.gz", "rt") as file:
        recorded = [json.loads(line) for line in file]
    asked = load_study(study)
    keys = {cell.key for cell in make_cells(asked, Graphs(asked), ["cora_ml"])}
    found = {cell["key"] for cell in recorded if cell["dataset"] == "cora_ml"}
    assert found and found <= keys
