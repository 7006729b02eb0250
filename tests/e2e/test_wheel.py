"""The wheel works on its own: installed away from the checkout, run in an empty folder."""

import gzip
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

    def process(*args):
        environ = {k: v for k, v in os.environ.items() if k != "NODEEMB_DATA"}
        return subprocess.run(
            [sys.executable, *args],
            env={**environ, "PYTHONPATH": str(installed)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(*args):
        done = process("-m", "nodeemb.cli.main", *args)
        assert done.returncode == 0, done.stderr
        return done.stdout

    start.process = process
    return start


def test_it_is_the_wheel_that_runs(run, installed):
    where = run.process("-c", "import nodeemb; print(nodeemb.__file__)").stdout
    assert Path(where.strip()).is_relative_to(installed)


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


def test_everything_around_the_trainer(run, tmp_path):
    """Files, cards, choices, a run taken up again, other programs, a self-test."""
    edges = "".join(f"n{i}\tn{(i * k + 1) % 60}\n" for i in range(60) for k in (2, 3))
    (tmp_path / "edges.tsv.gz").write_bytes(gzip.compress(edges.encode()))
    few = ("--preset", "nerd", "--dim", "4", "--set", "training.epochs=3", "-q")
    graph = ("edges.tsv.gz", "--duplicates", "first")
    run("embed", *graph, *few, "--out", "run")
    run("config", "check", "run/config.yaml")
    assert "override" in run("config", "show", *graph, "--dim", "4")
    run("export", "run", "--format", "word2vec", "--out", "vectors.txt", "-q")
    assert (tmp_path / "vectors.txt").read_text().startswith("60 8\n")
    assert "Factorising: about" in run("estimate", "debian-depends")
    trained = run("estimate", "debian-depends", "--preset", "nerd")
    assert "Training: about" in trained
    assert "soc-Epinions1" in run("datasets")
    assert "All well" in run("doctor")
    job = (
        "import nodeemb.run as r\nfrom contextlib import contextmanager\n"
        "@contextmanager\ndef stop(): yield lambda: True\n"
        "r.asked_to_stop = stop\n"
        "from nodeemb.cli.main import main; main()"
    )
    args = ["embed", *graph, *few, "--out", "cut"]
    cut = run.process("-c", job, *args)
    assert cut.returncode == 130 and "--resume cut.checkpoint" in cut.stderr
    assert run("embed", "--resume", "cut.checkpoint", "-q").endswith("cut\n")
    for name in ("embedding.safetensors", "config.yaml"):
        kept = [(tmp_path / folder / name).read_bytes() for folder in ("run", "cut")]
        assert kept[0] == kept[1]
