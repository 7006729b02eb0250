"""Which slopes a node has in a step: against a slow twin that asks the definition."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest

from nodeemb.roles.layout import lay_out
from nodeemb.roles.schemes import SCHEMES
from nodeemb.training.backends.cpu import CpuBackend
from nodeemb.training.backends.groups import group_step, shared_of
from nodeemb.training.batch import Aligned, Band, Part
from nodeemb.training.tables import new_tables


def part_of(rng, form, nodes, blocks, noise, channel=0, turned=False):
    """A part with blocks of unequal sizes, of random nodes."""
    ends = np.cumsum([0, *rng.integers(1, 9, blocks)])
    count = int(ends[-1])
    right, left = (rng.integers(0, nodes, (blocks, n)).astype(np.int32) for n in noise)
    if form == "band":
        rows = rng.integers(0, nodes, count).astype(np.int32)
        start, stop = np.empty((2, count), np.int32)
        for first, last in pairwise(ends):
            start[first:last], stop[first:last] = first, last
        pairs = Band(rows, start, stop, ends, np.ones(2), np.ones(2), 99, 1.0)
    else:
        both = rng.integers(0, nodes, (2, count)).astype(np.int32)
        ones = np.ones(count, np.float32)
        pairs = Aligned(*both, ones, ones, ends)
    return Part(channel, pairs, right, left, 0.5, turned)


def slopes_of(batch, pitches):
    """(node, block, where its numbers begin, side) of every slope, in the order of a batch."""
    found, base, before = [], 0, 0
    for part in batch:
        ends, pitch = part.pairs.blocks, pitches[part.channel]
        side = 2 * part.channel + part.reversed
        count = len(part.pairs[0])
        for which, nodes in enumerate(part.ends):
            for b in range(len(ends) - 1):
                own = nodes[ends[b] : ends[b + 1]].tolist()
                if isinstance(part.pairs, Aligned):
                    own = list(dict.fromkeys(own))
                for k, node in enumerate(own, which * count + ends[b]):
                    found.append((node, before + b, base + k * pitch, side ^ which))
        k = 2 * count
        for b in range(len(ends) - 1):
            for which, noise in ((1, part.noise_right[b]), (0, part.noise_left[b])):
                for node in noise.tolist():
                    found.append((node, before + b, base + k * pitch, side ^ which))
                    k += 1
        base += k * pitch
        before += len(ends) - 1
    return found


def twin(batch, pitches):
    """(block, None for several) -> {node: its slopes}."""
    of_node = defaultdict(list)
    for node, block, place, side in slopes_of(batch, pitches):
        of_node[node].append((block, place, side))
    groups = defaultdict(dict)
    for node, own in of_node.items():
        blocks = {block for block, _, _ in own}
        key = blocks.pop() if len(blocks) == 1 else None
        groups[key][node] = [(place, side) for _, place, side in own]
    return groups


def grouped(backend, batches):
    """(stack, groups), the last step grouped first."""
    stack, _, _, groups, _ = backend.stacked(batches)
    [chains] = backend.chains(stack, 1)
    for s in reversed(range(len(batches))):
        group_step(s, stack, groups, chains)
        assert (chains.last == -1).all()
    return stack, groups


def read(groups, first, last, unit):
    """{node: its slopes} of a range of the nodes; no node comes twice."""
    found = {}
    for k in range(first, last):
        a, z = groups.ends[k - 1 : k + 1]
        assert groups.touched[k] not in found
        found[int(groups.touched[k])] = [
            (int(place) * unit, int(side))
            for place, side in zip(groups.places[a:z], groups.sides[a:z], strict=True)
        ]
    return found


FORMS = [
    ["band"], ["aligned"], ["band", "band"], ["aligned", "band"], ["band", "aligned"],
    ["aligned", "aligned", "band"],
]  # fmt: skip


@pytest.mark.parametrize("noise", [(0, 0), (3, 0), (0, 2), (2, 3)])
@pytest.mark.parametrize("forms", FORMS, ids="-".join)
@pytest.mark.parametrize("nodes", [3, 40, 500])
def test_nodes_of_one_block_and_of_several(nodes, forms, noise):
    rng = np.random.default_rng([nodes, len(forms), *noise])
    layout = lay_out(SCHEMES["source_target"], 10, "none")
    tables = new_tables(nodes, layout, 0)
    backend = CpuBackend(tables, layout, "logistic", "sgd", np.empty(0), 1)
    unit = backend._pitches[0]
    batches = [
        [
            part_of(rng, form, nodes, int(rng.integers(1, 6)), noise, turned=k == 1)
            for k, form in enumerate(forms)
        ]
        for _ in range(4)
    ]
    alone = several = 0
    for given in (batches, batches[:1]):  # it leaves its room as it was
        stack, groups = grouped(backend, given)
        for s, batch in enumerate(given):
            want, block = twin(batch, backend._pitches), 0
            for p in range(stack.steps[s], stack.steps[s + 1]):
                for place in range(stack.opened[p], stack.opened[p + 1] - 1):
                    own = read(groups, *groups.own[place], unit)
                    assert own == want.get(block, {})
                    block, alone = block + 1, alone + len(own)
                if p + 1 < stack.steps[s + 1]:
                    place = stack.opened[p + 1] - 1
                    assert groups.own[place, 0] == groups.own[place, 1]
            own = read(groups, *shared_of(s, stack, groups), unit)
            assert own == want.get(None, {})
            several += len(own)
    assert (several > 0 or nodes == 500) and (alone > 0 or nodes == 3)


def test_channels_whose_vectors_have_unequal_lengths():
    scheme, rng = SCHEMES["four_signed"], np.random.default_rng(1)
    layout = lay_out(scheme, 20, "none")
    tables = new_tables(30, layout, 0)
    backend = CpuBackend(tables, layout, "logistic", "sgd", np.empty(0), 1)
    unit = backend._pitches[0]
    backend._pitches[1] *= 3
    batch = [part_of(rng, "band", 30, 3, (2, 2), channel) for channel in (0, 1, 0)]
    stack, groups = grouped(backend, [batch])
    want, found = twin(batch, backend._pitches), {}
    for place in range(len(stack.blocks)):
        found |= read(groups, *groups.own[place], unit)
    assert found == {node: own for some in want.values() for node, own in some.items()}


def test_room_is_kept_and_grows_with_steps_and_threads():
    rng = np.random.default_rng(2)
    layout = lay_out(SCHEMES["source_target"], 10, "none")
    tables = new_tables(30, layout, 0)
    backend = CpuBackend(tables, layout, "logistic", "sgd", np.empty(0), 1)
    small, large = (
        backend.stacked([[part_of(rng, "band", 30, blocks, (2, 0))]]).stack
        for blocks in (2, 90)
    )
    for stack, threads in ((small, 1), (large, 1), (large, 3), (small, 2)):
        room = backend.chains(stack, threads)
        assert len(room) >= threads
        for one in room:
            for array in one[1:]:
                assert len(array) >= stack.counts.max()
            assert one.last.tolist() == [-1] * 30
        assert backend.chains(stack, threads) is room
    assert len({id(one.last) for one in room}) == 3  # no two threads share theirs
