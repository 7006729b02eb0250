"""Singular vectors and eigenvectors from products alone, against those of whole matrices."""

from __future__ import annotations

import numpy as np
import pytest

from nodeemb.factorise.matrix import Operator
from nodeemb.factorise.options import NrpOptions
from nodeemb.factorise.svd import BLOCK, basis_width, by_ends, by_size, eigen, singular
from nodeemb.factorise.watch import Watch
from nodeemb.rng import stream_key, units

SIZE, RANK = 420, 20
CLOSE = NrpOptions(tolerance=1e-9)


def orthonormal(name):
    drawn = units(stream_key(0, name), 0, SIZE * SIZE).reshape(SIZE, SIZE) - 0.5
    return np.linalg.qr(drawn)[0]


SPECTRA = {
    "falling": 0.97 ** np.arange(SIZE),
    "nearly flat, so that the basis fills": np.linspace(1, 0.9, SIZE),
    "each value many times": np.repeat(np.arange(SIZE / 70, 0, -1), 70),
    "all alike": np.ones(SIZE),
    "rank 7": np.r_[np.arange(7, 0, -1.0), np.zeros(SIZE - 7)],
    "rank 30": np.r_[np.arange(30, 0, -1.0), np.zeros(SIZE - 30)],
    "none": np.zeros(SIZE),
    "huge and tiny": np.r_[1e150, 1e145, 1e-150 * np.ones(SIZE - 2)],
}
every_spectrum = pytest.mark.parametrize("spectrum", SPECTRA)


def operator(dense, symmetric=False):
    counted = []

    def times(block):
        counted.append(block.shape[1])
        return dense @ block

    def back(block):
        return dense.T @ block

    return Operator(len(dense), times, back, symmetric=symmetric), counted


@every_spectrum
def test_singular_vectors_are_those_of_the_matrix(spectrum):
    values = SPECTRA[spectrum]
    dense = (orthonormal("left") * values) @ orthonormal("right").T
    matrix, counted = operator(dense)
    found = singular(matrix, RANK, CLOSE, 0, Watch())
    assert SIZE not in counted, "the whole matrix was not asked for"
    np.testing.assert_allclose(found.values, values[:RANK], atol=1e-7 * values[0])
    near = 1e-7 * max(values[0], 1e-300)
    kept = found.values > 1e-12 * values[0]
    for one, other, product in (
        (found.right, found.left, dense),
        (found.left, found.right, dense.T),
    ):
        np.testing.assert_allclose(product @ one, other * found.values, atol=near)
        np.testing.assert_allclose(one.T @ one, np.diag(1.0 * kept), atol=1e-7)


@pytest.mark.parametrize("order", [by_size, by_ends(RANK - 5, 5), by_ends(RANK, 0)])
@every_spectrum
def test_eigenvectors_are_those_of_the_matrix(spectrum, order):
    signs = np.where(np.arange(SIZE) % 3 == 1, -1.0, 1.0)
    values = SPECTRA[spectrum] * signs
    basis = orthonormal("basis")
    dense = (basis * values) @ basis.T
    matrix, counted = operator((dense + dense.T) / 2, symmetric=True)
    found = eigen(matrix, RANK, CLOSE, 0, Watch(), order)
    assert SIZE not in counted, "the whole matrix was not asked for"
    largest = np.abs(values).max()
    expected = values[order(values)][:RANK]
    wanted = expected != 0
    told = found.values[:RANK]
    if order is by_size:  # of 1 and -1 either may come first
        told, expected = np.abs(told), np.abs(expected)
    np.testing.assert_allclose(told[wanted], expected[wanted], atol=1e-7 * largest)
    vectors = found.vectors[:, :RANK]
    missed = dense @ vectors - vectors * found.values[:RANK]
    assert np.abs(missed).max() <= 1e-7 * max(largest, 1e-300)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(RANK), atol=1e-7)


def test_the_largest_entry_of_a_vector_is_positive():
    values, basis = SPECTRA["falling"], orthonormal("basis")
    matrix, _ = operator((basis * values) @ basis.T, symmetric=True)
    for vectors in (
        eigen(matrix, RANK, CLOSE, 0, Watch()).vectors,
        singular(matrix, RANK, CLOSE, 0, Watch()).left,
    ):
        largest = np.abs(vectors).argmax(axis=0)
        assert (vectors[largest, np.arange(RANK)] > 0).all()


def test_the_ends_come_in_order_and_the_others_by_size():
    values = np.array([0.5, -3.0, 2.0, 0.0, -1.0, 4.0, 1.0])
    assert values[by_ends(2, 1)(values)].tolist() == [4, 2, -3, -1, 1, 0.5, 0]
    assert values[by_ends(1, 2)(values)].tolist() == [4, -3, -1, 2, 1, 0.5, 0]
    assert values[by_ends(9, 9)(values)].tolist() == [4, 2, 1, 0.5, -3, -1, 0]


def test_the_basis_is_shrunk_and_the_search_goes_on():
    """More products than a basis has room for, and still the same vectors."""
    values = SPECTRA["nearly flat, so that the basis fills"]
    basis = orthonormal("basis")
    matrix, counted = operator((basis * values) @ basis.T, symmetric=True)
    found = eigen(matrix, RANK, CLOSE, 0, Watch())
    assert sum(counted) > 1.5 * basis_width(SIZE, RANK)
    np.testing.assert_allclose(found.values, values[:RANK], atol=1e-7)


@pytest.mark.parametrize("passes", [1, 2, 4])
def test_a_search_cut_short_says_so_and_still_gives_all_vectors(passes):
    values = SPECTRA["falling"]
    basis = orthonormal("basis")
    matrix, counted = operator((basis * values) @ basis.T, symmetric=True)
    watch, options = Watch(), NrpOptions(passes=passes, tolerance=1e-9)
    found = eigen(matrix, RANK, options, 0, watch)
    assert found.vectors.shape == (SIZE, RANK)
    blocks = max(passes, -(-RANK // BLOCK))
    assert sum(counted) == BLOCK * (blocks + 1)  # one for the first block
    (note,) = watch.notes
    assert "still misses" in note and "factorise.passes" in note


def test_the_tolerance_is_what_a_vector_may_miss():
    values = SPECTRA["falling"]
    basis = orthonormal("basis")
    dense = (basis * values) @ basis.T
    spent = []
    for tolerance in (1e-1, 1e-3, 1e-6):
        matrix, counted = operator(dense, symmetric=True)
        found = eigen(matrix, RANK, NrpOptions(tolerance=tolerance), 0, Watch())
        missed = np.linalg.norm(dense @ found.vectors - found.vectors * found.values)
        assert missed <= tolerance * np.sqrt(RANK)
        spent.append(sum(counted))
    assert spent[0] < spent[1] < spent[2]
