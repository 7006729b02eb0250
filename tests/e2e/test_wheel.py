"""The wheel works on its own: installed away from the checkout, run in an empty folder."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy of what the checkout tracks."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        folder,
    ]
    subprocess.run([*build, CHECKOUT], check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder the wheel is installed into, without its dependencies."""
    folder = tmp_path_factory.mktemp("installed")
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run(
        [*install, "--target", folder, wheel], check=True, capture_output=True
    )
    return folder


@pytest.fixture
def run(installed, tmp_path):
    """Runs the program from an empty folder, with nothing but the wheel to import."""

    def start(*args):
        environ = {k: v for k, v in os.environ.items() if k != "NODEEMB_DATA"}
        done = subprocess.run(
            [sys.executable, "-c", "import nodeemb; print(nodeemb.__file__)"]
            if not args
            else [sys.executable, "-m", "nodeemb.cli.main", *args],
            env={**environ, "PYTHONPATH": str(installed)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return start


def test_it_is_the_wheel_that_runs(run, installed):
    assert Path(run().strip()).is_relative_to(installed)


def test_presets_comparisons_and_cards_are_inside(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    tracked = [*CHECKOUT.glob("configs/**/*.yaml"), *CHECKOUT.glob("datasets/*.yaml")]
    assert len(tracked) > 15
    for path in tracked:
        assert f"nodeemb/_data/{path.relative_to(CHECKOUT).as_posix()}" in inside
    assert "nodeemb/_data/datasets/debian-depends/edges.tsv.gz" in inside
    assert "nodeemb/py.typed" in inside
    assert not [name for name in inside if name.startswith(("tests/", "runs/"))]


def test_the_presets_are_found(run):
    assert "nerd" in run("presets")
    assert "learning_rate" in run("presets", "nerd")


def test_the_data_set_is_found(run):
    assert "273,919" in run("inspect", "debian-depends")


def test_it_embeds_and_looks_up(run, tmp_path):
    few = ("--preset", "line2", "--dim", "8", "--set", "training.epochs=1")
    assert run("embed", *few, "--out", "run", "-q") == "run\n"
    assert len(run("neighbors", "run", "gimp").splitlines()) == 10
    assert (tmp_path / "run" / "manifest.json").is_file()


def test_the_shipped_comparison_is_found(run, tmp_path):
    edges = [(i, (i + step) % 30) for i in range(30) for step in (1, 2, 7)]
    (tmp_path / "edges.tsv").write_text("".join(f"{u}\t{v}\n" for u, v in edges))
    few = ("--width", "4", "--set", "training.epochs=1")
    assert "signature, free biases" in run("evaluate", "edges.tsv", *few)
