"""New tables."""

import pytest

from nodeemb.engine import layout_of
from nodeemb.recipe import load_recipe
from nodeemb.training.tables import new_tables


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("nodes", [1, 50, 20_000])
@pytest.mark.parametrize("dim", [3, 128])
def test_a_table_begins_with_a_line_of_memory(nodes, dtype, dim):
    layout = layout_of(load_recipe("deepwalk", overrides={"roles.dim": dim}))
    table = new_tables(nodes, layout, 0, dtype).table
    assert table.ctypes.data % 64 == 0
    assert table.shape == (nodes, 2 * dim) and table.flags.c_contiguous
