"""New tables."""

import numpy as np
import pytest

from nodeemb.engine import layout_of
from nodeemb.recipe import load_recipe
from nodeemb.roles.layout import lay_out
from nodeemb.roles.schemes import SCHEMES
from nodeemb.training.tables import all_finite, begin, new_tables


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("nodes", [1, 50, 20_000])
@pytest.mark.parametrize("dim", [3, 128])
def test_a_table_begins_with_a_line_of_memory(nodes, dtype, dim):
    layout = layout_of(load_recipe("deepwalk", overrides={"roles.dim": dim}))
    table = new_tables(nodes, layout, 0, dtype).table
    assert table.ctypes.data % 64 == 0
    assert table.shape == (nodes, 2 * dim) and table.flags.c_contiguous


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("biases", ["none", "tied", "free"])
@pytest.mark.parametrize("scheme", ["single", "source_target", "learned_form"])
def test_whatever_was_there_tables_begin_as_new_ones(scheme, biases, nonnegative):
    layout = lay_out(SCHEMES[scheme], 12, biases)
    wanted = new_tables(30, layout, 7, "float64", nonnegative).table
    table = np.full_like(wanted, np.nan)
    begin(table, layout, 7, nonnegative)
    np.testing.assert_array_equal(table, wanted)
    begin(table, layout, 8, nonnegative)
    assert (table != wanted).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(0, 3), (5, 0), (1, 1), (700, 256), (70_000, 2)])
def test_a_number_that_is_not_finite_is_found_wherever_it_is(shape, dtype):
    table = np.full(shape, np.finfo(dtype).max, dtype)
    assert all_finite(table)
    places = {0, table.size // 2, table.size - 1} if table.size else set()
    for place in places:
        for wrong in (np.nan, np.inf, -np.inf):
            table.flat[place] = wrong
            assert not all_finite(table)
        table.flat[place] = 0
    assert all_finite(table)
