"""The parts of a diagnosis beside slow obvious twins, and its words."""

import json

import numpy as np
import pytest
from scipy.sparse import csr_array
from threadpoolctl import threadpool_info, threadpool_limits

import nodeemb as ne
from nodeemb.diagnosis import diagnose as diagnose_module
from nodeemb.diagnosis import ratio
from nodeemb.diagnosis.counting import count_in_groups
from nodeemb.diagnosis.evidence import counts, of_corpus, of_graph, of_matrix
from nodeemb.diagnosis.fits import fits
from nodeemb.diagnosis.operators import operator, products, scale_of
from nodeemb.diagnosis.options import DiagnoseOptions
from nodeemb.diagnosis.parts import take_apart
from nodeemb.diagnosis.potential import gradient_of_events, overlap, ways_of_links
from nodeemb.diagnosis.recommend import recommend
from nodeemb.errors import DataRefused
from nodeemb.factorise.svd import Svd
from nodeemb.rng import stream_key


def random_counts(size, seed, most=6):
    found = np.random.default_rng(seed).integers(0, most, (size, size)).astype(float)
    np.fill_diagonal(found, 0)
    return csr_array(found)


def dense(half, scale):
    found = half.toarray()
    found = found - np.outer(found.sum(1), found.sum(0)) / found.sum()
    found = found * scale[:, None] * scale[None, :]
    np.fill_diagonal(found, 0)
    return found


def test_operators_and_their_products_are_those_of_written_matrices():
    whole = random_counts(30, 0)
    scale = scale_of(of_matrix(whole, True, 0))
    one, other = random_counts(30, 1), random_counts(30, 2)
    ours = [operator(half, scale) for half in (one, other)]
    theirs = [dense(half, scale) for half in (one, other)]
    block = np.random.default_rng(3).normal(size=(30, 4))
    assert ours[0].dense() == pytest.approx(theirs[0])
    assert ours[0].times(block) == pytest.approx(theirs[0] @ block)
    assert ours[0].T.times(block) == pytest.approx(theirs[0].T @ block)
    both = theirs[0] * theirs[1]
    parts = products(*ours)
    assert parts == pytest.approx((both.sum(0) + both.sum(1)) / 2)
    assert parts.sum() == pytest.approx(both.sum())


def test_what_is_dealt_is_all_there_is_and_nothing_twice():
    whole = random_counts(40, 0)
    for number in range(3):
        one, other = of_matrix(whole, True, 5).deal(number)
        assert (one + other).toarray() == pytest.approx(whole.toarray())
        assert one.sum() == pytest.approx(whole.sum() / 2, rel=0.1)
        one, other = of_matrix(whole, False, 5).deal(number)
        assert (one + other).toarray() == pytest.approx(whole.toarray())
        a, b = (one + one.T).toarray() > 0, (other + other.T).toarray() > 0
        assert not (a & b).any()  # a pair is in one half, with both directions
    first, second = (of_matrix(whole, True, 5).deal(n)[0] for n in (0, 1))
    assert abs(first - second).sum() > 0


def test_an_event_without_direction_is_in_one_half():
    both = np.triu(random_counts(40, 0).toarray(), 1)
    whole = csr_array(both + both.T)
    one, other = of_matrix(whole, True, 5).deal(0)
    assert (one + other).toarray() == pytest.approx(whole.toarray())
    for half in (one, other):
        assert (half - half.T).nnz == 0
        assert half.sum() == pytest.approx(whole.sum() / 2, rel=0.1)


def test_counts_without_direction_or_structure_are_nothing():
    """Were either way of an event dealt by itself, its halves would agree on noise."""
    draw = np.random.default_rng(0)
    sources, targets = np.triu_indices(80, 1)
    weight = draw.poisson(2.0, len(sources))
    there = weight > 0
    graph = ne.Graph.from_edges(
        sources[there], targets[there], weight=weight[there], directed=False
    )
    found = ne.diagnose(graph, DiagnoseOptions(width=8))
    assert found.evidence == "events" and not found.directed
    assert not found.negative.low > 0 and not found.signature.low > 0
    assert recommend(found).scheme == "single"
    assert found.links == graph.num_edges


@pytest.mark.parametrize("events", [True, False])
def test_chance_turns_pairs_and_changes_nothing_else(events):
    whole = random_counts(40, 0, 3)
    null = of_matrix(whole, events, 0).null(0).whole
    pairs = (whole + whole.T).toarray()
    assert (null + null.T).toarray() == pytest.approx(pairs)
    assert abs(null - whole).sum() > 0


def test_words_are_counted_as_by_hand_and_shuffles_keep_sentences():
    text = [["a", "b", "c", "a"], ["b", "a"], ["c", "c", "b", "a", "b"]]
    corpus = ne.corpus_of(text, 1)
    row = {word: place for place, word in enumerate(corpus.vocabulary.words)}
    expected = np.zeros((3, 3))
    for line in text:
        for here, word in enumerate(line):
            for distance in (1, 2):
                if here + distance < len(line):
                    expected[row[word], row[line[here + distance]]] += 3 - distance
    key = stream_key(0, "a")
    groups = count_in_groups(corpus, 3, 2, 4, key, 0)
    assert groups.sum(0).tolist() == expected.tolist()
    shuffled = count_in_groups(corpus, 3, 2, 4, key, 1)
    assert shuffled.sum() == groups.sum()
    # a sentence falls into the same group, shuffled or not
    assert shuffled.sum((1, 2)).tolist() == groups.sum((1, 2)).tolist()
    assert of_corpus(corpus, 3, 2, "after", 0).whole.diagonal().sum() == 0


def test_words_beyond_the_most_frequent_keep_their_places():
    corpus = ne.corpus_of([["a", "x", "b"], ["a", "b"], ["a", "b"]], 1)
    words = list(corpus.vocabulary.words)
    whole = of_corpus(corpus, 2, 1, "after", 0).whole.toarray()
    kept = [word for word in words if word != "x"]
    assert whole[kept.index("a"), kept.index("b")] == 2  # not across x


def test_a_pure_gradient_is_all_gradient_and_a_ring_none():
    size = 12
    potential = np.random.default_rng(0).normal(size=size)
    traffic = np.full((size, size), 10.0)
    np.fill_diagonal(traffic, 0)
    step = potential[:, None] - potential[None, :]
    flows = csr_array(traffic + traffic * step)
    assert ratio.value(gradient_of_events(flows, flows)) == pytest.approx(1, abs=1e-4)
    ring = np.zeros((size, size))
    ring[np.arange(size), (np.arange(size) + 1) % size] = 1
    ring = csr_array(ring)
    assert ratio.value(gradient_of_events(ring, ring)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("rate", [0.5, 2.0])
def test_the_gradient_share_is_true_where_pairs_have_few_events(rate):
    """Half of the asymmetry a potential, half by pairs; noise is in no share."""
    draw = np.random.default_rng(1)
    size = 150
    order = draw.normal(0, 0.25, size)
    steps = order[:, None] - order[None, :]
    rest = np.triu(draw.normal(0, steps.std(), (size, size)), 1)
    rest = rest - rest.T
    rest -= rest.mean(1)[:, None] - rest.mean(1)[None, :]  # by pairs alone
    ways = np.clip(steps + rest, -0.95, 0.95)
    upper, lower = [], []
    for _ in range(4):
        pairs = np.triu(draw.poisson(rate, (size, size)), 1)
        ahead = draw.binomial(pairs, (1 + ways) / 2)
        counts = csr_array((ahead + (pairs - ahead).T).astype(float))
        for number in range(2):
            one, other = of_matrix(counts, True, 0).deal(number)
            for halves in ((one, other), (other, one)):
                found = gradient_of_events(*halves)
                upper.append(found.upper.sum())
                lower.append(found.lower.sum())
    true = (steps**2).sum() / (ways**2).sum()
    assert sum(upper) / sum(lower) == pytest.approx(true, abs=0.06)


def test_the_way_of_hidden_links_is_told_by_an_order():
    draw = np.random.default_rng(0)
    links = np.triu(draw.random((80, 80)) < 0.3, 1).astype(float)  # all go upwards
    one, other = of_matrix(csr_array(links), False, 0).deal(0)
    nothing = Svd(np.zeros((80, 1)), np.zeros(1), np.zeros((80, 1)))
    ways = ways_of_links(one, other, nothing, np.ones(80))
    assert ratio.value(ways.potential) > 0.85
    coin = of_matrix(csr_array(links), False, 0).null(0)
    one, other = coin.deal(0)
    ways = ways_of_links(one, other, nothing, np.ones(80))
    assert ratio.value(ways.potential) == pytest.approx(0.5, abs=0.05)


def test_overlap_is_one_in_one_space_and_none_between_two():
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(300, 8)))[0]
    values = np.ones(4)
    same = Svd(basis[:, :4], values, basis[:, :4])
    apart = Svd(basis[:, :4], values, basis[:, 4:])
    assert overlap(same, same) == pytest.approx(1)
    assert overlap(apart, apart) == pytest.approx(0, abs=0.05)


def test_weights_count_events_where_they_are_whole_and_more_than_one():
    one = csr_array(np.array([[0.0, 1], [1, 0]]))
    assert not counts(one)
    assert counts(one * 3)
    assert not counts(one * 1.5)


def ring_of_blocks(size=240):
    draw = np.random.default_rng(0)
    block = np.arange(size) % 3
    ahead = (block[:, None] + 1) % 3 == block[None, :]
    found = draw.random((size, size)) < np.where(ahead, 0.25, 0.02)
    sources, targets = np.nonzero(found)
    return ne.Graph.from_edges(sources.tolist(), targets.tolist())


def test_a_ring_of_blocks_needs_roles_and_friends_do_not():
    found = ne.diagnose(ring_of_blocks(), DiagnoseOptions(width=8, deals=1, nulls=1))
    assert found.skew.low > 0.15
    assert recommend(found).scheme in ("source_target", "sign_skew")
    assert found.fits[8]["source_target"] > found.fits[8]["signature"] + 0.1
    friends = ne.Graph.from_edges(
        *np.nonzero(
            np.random.default_rng(1).random((120, 120))
            < np.where(
                np.equal.outer(np.arange(120) % 2, np.arange(120) % 2), 0.3, 0.02
            )
        ),
        directed=False,
    )
    told = ne.diagnose(friends, DiagnoseOptions(width=8, deals=1, nulls=1))
    assert not told.directed
    assert recommend(told).scheme in ("single", "signature")


def test_the_same_seed_gives_the_same_and_json_holds_all():
    options = DiagnoseOptions(width=8, deals=1, nulls=1)
    one, two = (ne.diagnose(ring_of_blocks(), options, seed=3) for _ in range(2))
    assert one.as_dict() == two.as_dict()
    told = json.loads(json.dumps(one.as_dict()))
    assert told["skew"]["value"] == one.skew.value
    assert told["scheme"] in one.text()


def test_too_little_evidence_is_refused():
    graph = ne.Graph.from_edges([0, 1], [1, 2])
    with pytest.raises(DataRefused, match="too few"):
        ne.diagnose(graph)
    assert of_graph(graph, 0).whole.nnz == 2


@pytest.mark.parametrize("kind", ["star", "random", "both ways", "weights"])
def test_where_halves_agree_on_nothing_it_says_so(kind):
    draw = np.random.default_rng(0)
    sources, targets = np.arange(1, 41), np.zeros(40, int)
    if kind != "star":
        sources, targets = np.unique(draw.integers(0, 40, (60, 2)), axis=0).T
    weight = draw.random(len(sources)) + 0.1 if kind == "weights" else None
    graph = ne.Graph.from_edges(
        sources.tolist(), targets.tolist(), weight=weight, directed=kind != "both ways"
    )
    found = ne.diagnose(graph, DiagnoseOptions(width=8, deals=1, nulls=1))
    told = json.dumps(found.as_dict(), allow_nan=False)
    assert "roles.scheme=" in found.text() and "scheme" in told
    if kind == "star":
        assert recommend(found).scheme == "single"
        assert "agree on nothing" in found.text()
    assert "nan" not in found.text()


def test_fits_are_those_of_the_best_approximations_of_a_matrix():
    """Held against itself, a scheme's fit is the norm of its best approximation."""
    whole = random_counts(60, 4)
    one = operator(whole, scale_of(of_matrix(whole, True, 0)))
    parts = take_apart(one, one, 16, 0)
    dense = one.dense() + np.diag(parts.filled)
    singular = np.linalg.svd(dense, compute_uv=False)
    values = np.linalg.eigvalsh((dense + dense.T) / 2)
    skew = np.linalg.svd((dense - dense.T) / 2, compute_uv=False)
    largest = np.sort(np.abs(np.concatenate([values, skew])))[::-1]
    expected = {
        "single": np.sort(values)[::-1][:8],
        "signature": np.sort(np.abs(values))[::-1][:8],
        "sign_skew": largest[:8],
        "source_target": singular[:4],
    }
    for scheme, found in fits(parts, 8).items():
        norm = np.linalg.norm(expected[scheme])
        assert found.sum() == pytest.approx(norm, rel=0.02), scheme


def test_sums_of_a_diagnosis_are_of_one_thread(monkeypatch):
    """Of BLAS; whoever calls has as many as before."""
    seen, real = [], diagnose_module.take_apart

    def threads():
        return [
            one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"
        ]

    def watched(*args):
        seen.extend(threads())
        return real(*args)

    monkeypatch.setattr(diagnose_module, "take_apart", watched)
    with threadpool_limits(2, "blas"):
        before = threads()
        ne.diagnose(ne.Graph.from_scipy(random_counts(40, 1)))
        assert threads() == before
    assert set(seen) == {1}
