"""Second-order steps against probabilities worked out by hand, p = 1/2 and q = 2.

The graph, five nodes:  0 -> 1, 2;  1 -> 0, 2, 3;  2 -> 1, 3;  3 -> 0, 4;  4 -> 0, 3.
At v from t a neighbour x counts 2 (= 1/p) if x = t, 1 if t -> x is an edge, and 1/2
(= 1/q) otherwise, times its weight. For example at 1 from 0: back to 0 counts 2, 2 counts
1 since 0 -> 2, 3 counts 1/2 since there is no 0 -> 3 (though there is 3 -> 0).
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import laws
import naive
import pytest
from agreement import CHANCE, chi_square_of_many

from nodeemb.graph.graph import Graph
from nodeemb.sampling.options import SecondOrderOptions
from nodeemb.sampling.registry import plan

F = Fraction
SOURCES = [0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4]
TARGETS = [1, 2, 0, 2, 3, 1, 3, 0, 4, 0, 3]
WEIGHTS = [1, 2, 1, 2, 4, 1, 3, 1, 1, 2, 1]

FOLLOWED = {
    (0, 1): {0: F(4, 7), 2: F(2, 7), 3: F(1, 7)},
    (0, 2): {1: F(2, 3), 3: F(1, 3)},
    (1, 0): {1: F(2, 3), 2: F(1, 3)},
    (1, 2): {1: F(2, 3), 3: F(1, 3)},
    (1, 3): {0: F(2, 3), 4: F(1, 3)},
    (2, 1): {0: F(1, 7), 2: F(4, 7), 3: F(2, 7)},
    (2, 3): {0: F(1, 2), 4: F(1, 2)},
    (3, 0): {1: F(1, 2), 2: F(1, 2)},
    (3, 4): {0: F(1, 3), 3: F(2, 3)},
    (4, 0): {1: F(1, 2), 2: F(1, 2)},
    (4, 3): {0: F(1, 3), 4: F(2, 3)},
}
FOLLOWED_BY_WEIGHT = {
    (0, 1): {0: F(1, 3), 2: F(1, 3), 3: F(1, 3)},
    (0, 2): {1: F(2, 5), 3: F(3, 5)},
    (1, 0): {1: F(1, 2), 2: F(1, 2)},
    (1, 2): {1: F(2, 5), 3: F(3, 5)},
    (1, 3): {0: F(2, 3), 4: F(1, 3)},
    (2, 1): {0: F(1, 17), 2: F(8, 17), 3: F(8, 17)},
    (2, 3): {0: F(1, 2), 4: F(1, 2)},
    (3, 0): {1: F(1, 3), 2: F(2, 3)},
    (3, 4): {0: F(1, 2), 3: F(1, 2)},
    (4, 0): {1: F(1, 3), 2: F(2, 3)},
    (4, 3): {0: F(1, 3), 4: F(2, 3)},
}
IGNORED = {
    (0, 1): {0: F(1, 2), 2: F(1, 4), 3: F(1, 4)},
    (0, 2): {0: F(1, 2), 1: F(1, 4), 3: F(1, 4)},
    (0, 3): {0: F(2, 5), 1: F(1, 5), 2: F(1, 5), 4: F(1, 5)},
    (0, 4): {0: F(2, 3), 3: F(1, 3)},
    (1, 0): {1: F(4, 9), 2: F(2, 9), 3: F(2, 9), 4: F(1, 9)},
    (1, 2): {0: F(1, 4), 1: F(1, 2), 3: F(1, 4)},
    (1, 3): {0: F(2, 9), 1: F(4, 9), 2: F(2, 9), 4: F(1, 9)},
    (2, 0): {1: F(2, 9), 2: F(4, 9), 3: F(2, 9), 4: F(1, 9)},
    (2, 1): {0: F(1, 4), 2: F(1, 2), 3: F(1, 4)},
    (2, 3): {0: F(2, 9), 1: F(2, 9), 2: F(4, 9), 4: F(1, 9)},
    (3, 0): {1: F(1, 5), 2: F(1, 5), 3: F(2, 5), 4: F(1, 5)},
    (3, 1): {0: F(1, 4), 2: F(1, 4), 3: F(1, 2)},
    (3, 2): {0: F(1, 4), 1: F(1, 4), 3: F(1, 2)},
    (3, 4): {0: F(1, 3), 3: F(2, 3)},
    (4, 0): {1: F(1, 8), 2: F(1, 8), 3: F(1, 4), 4: F(1, 2)},
    (4, 3): {0: F(1, 4), 1: F(1, 8), 2: F(1, 8), 4: F(1, 2)},
}
CASES = [
    pytest.param(FOLLOWED, "follow", False, id="followed"),
    pytest.param(FOLLOWED_BY_WEIGHT, "follow", True, id="followed by weight"),
    pytest.param(IGNORED, "ignore", False, id="ignored"),
]


def five_nodes(weighted: bool) -> Graph:
    return Graph.from_edges(
        SOURCES, TARGETS, weight=WEIGHTS if weighted else None, num_nodes=5
    )


def steps_of(graph: Graph, direction: str, p: float = 0.5, q: float = 2.0) -> dict:
    """(t, v) -> how often each next node was drawn."""
    options = SecondOrderOptions(
        direction=direction, walk_length=40, walks_per_node=500, p=p, q=q
    )
    plan_ = plan(graph, options, seed=7)
    steps: dict[tuple[int, int], Counter] = {}
    for nodes, _ in naive.as_walks(plan_.draw(0, 0, plan_.count)):
        for t, v, x in zip(nodes, nodes[1:], nodes[2:], strict=False):
            steps.setdefault((t, v), Counter())[x] += 1
    return steps


@pytest.mark.parametrize(("by_hand", "direction", "weighted"), CASES)
def test_steps_follow_the_law_worked_out_by_hand(by_hand, direction, weighted):
    steps = steps_of(five_nodes(weighted), direction)
    assert {at: set(ways) for at, ways in steps.items()} == {
        at: set(law) for at, law in by_hand.items()
    }, "every neighbour must be drawn, and nothing else"
    for at, law in by_hand.items():
        assert sum(law.values()) == 1
        assert chi_square_of_many([(steps[at], law)]) > CHANCE, at
    assert chi_square_of_many((steps[at], law) for at, law in by_hand.items()) > CHANCE


@pytest.mark.parametrize(("by_hand", "direction", "weighted"), CASES)
def test_the_naive_law_agrees_with_the_hand(by_hand, direction, weighted):
    near = naive.ways_on(five_nodes(weighted), direction)
    for (t, v), law in by_hand.items():
        assert laws.second_order_law(near, t, v, 0.5, 2.0) == pytest.approx(
            {x: float(chance) for x, chance in law.items()}
        )


def test_p_and_q_changed_about_are_seen():
    steps = steps_of(five_nodes(False), "follow", p=2.0, q=0.5)
    assert chi_square_of_many((steps[at], law) for at, law in FOLLOWED.items()) < CHANCE


def test_p_and_q_of_one_are_first_order_steps():
    steps = steps_of(five_nodes(False), "follow", p=1.0, q=1.0)
    uniform = {at: dict.fromkeys(law, F(1, len(law))) for at, law in FOLLOWED.items()}
    assert chi_square_of_many((steps[at], law) for at, law in uniform.items()) > CHANCE
