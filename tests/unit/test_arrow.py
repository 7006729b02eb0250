"""Numbers between Arrow and numpy, as pyarrow itself turns them, and without pandas."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from nodeemb.arrow import arrow_of, numbers_of

KINDS = ["int8", "uint16", "int32", "int64", "uint64", "float32", "float64"]


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_are_those_that_pyarrow_gives(kind):
    values = np.arange(10).astype(kind)
    whole = pa.array(values)
    for column in (
        whole,
        whole[3:7],
        whole[:0],
        pa.chunked_array([whole]),
        pa.chunked_array([whole[2:5], whole[:0], whole]),
        pa.chunked_array([], whole.type),
    ):
        found = numbers_of(column)
        np.testing.assert_array_equal(found, column.to_numpy())
        assert found.dtype == values.dtype
    assert not numbers_of(whole.cast(pa.float64()).cast(whole.type)).flags.writeable


@pytest.mark.parametrize("kind", KINDS)
def test_numpy_becomes_what_pyarrow_makes_of_it(kind):
    values = np.arange(10).astype(kind)
    for given in (values, values[::2], values[:0]):
        assert arrow_of(given).equals(pa.array(given))
    turned = values.astype(values.dtype.newbyteorder())
    assert arrow_of(turned).equals(pa.array(values))


def test_a_missing_number_is_not_read_as_one():
    with pytest.raises(ValueError, match="missing"):
        numbers_of(pa.array([1, None]))


def test_bits_are_no_numbers():
    bits = np.array([True, False, True])
    for call, given in ((arrow_of, bits), (numbers_of, pa.array(bits))):
        with pytest.raises(AssertionError, match="bool"):
            call(given)


FILES = {
    "whole": "0\t1\n1\t2\n2\t0\n",
    "far": "0\t1\n1\t2000000000000\n2000000000000\t0\n",
    "texts": "a\tb\nb\tc\nc\ta\n",
    "weights": "0\t1\t.5\n1\t2\t1\n2\t0\t3\n",
    "signs": "0\t1\t-1\n1\t2\t1\n2\t0\t-1\n",
}
CHOSEN = {"weights": {"weight": 2}, "signs": {"sign": 2}}


@pytest.mark.parametrize("kind", FILES)
def test_files_are_read_without_pandas(tmp_path, kind):
    path = tmp_path / "edges.tsv"
    path.write_text(FILES[kind])
    code = (
        "import sys; from nodeemb.io.edges import read_edges; "
        f"read_edges({str(path)!r}, **{CHOSEN.get(kind, {})}); print('pandas' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[-1] == "False"
