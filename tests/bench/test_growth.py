"""What a pair costs as a graph grows: deepwalk, dim 128, walks included, one thread.

4 million nodes take 4 GB for the table and 3 GB for the graph.
"""

import pytest

from nodeemb.bench.figures import Sizes
from nodeemb.bench.measures import training_fast_large, training_large

pytestmark = pytest.mark.bench


# what waits for memory is a larger part of fast, whose arithmetic takes a third of the time
@pytest.mark.parametrize(
    "measure, times", [(training_large, 1.6), (training_fast_large, 2.0)]
)
def test_a_pair_costs_little_more_on_four_million_nodes(measure, times):
    spent = []
    for nodes, edges in ((10**4, 10**5), (10**6, 8 * 10**6), (4 * 10**6, 32 * 10**6)):
        sizes = Sizes(large_nodes=nodes, large_edges=edges)
        [figure] = measure(sizes)
        spent.append(1e3 / figure.value)
        print(f"\n{nodes:>9,} nodes: {spent[-1]:.1f} ns a pair", end="")
    assert spent[-1] <= times * spent[0]
