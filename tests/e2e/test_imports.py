"""What is loaded when: a light start, no torch on the cpu path, and the public names."""

import subprocess
import sys

import pytest

import nodeemb

HEAVY = ("torch", "torch_geometric", "numba", "networkx", "sklearn", "pyarrow", "scipy")
PUBLIC = [
    "Corpus",
    "Embedding",
    "Graph",
    "RoleScheme",
    "corpus_of",
    "diagnose",
    "embed",
    "errors",
    "evaluate_links",
    "evaluate_protocol",
    "evaluate_signs",
    "evaluate_words",
    "load",
    "load_graph",
    "presets",
    "protocol_split",
    "rank_links",
    "read_corpus",
    "read_edges",
    "save_graph",
    "split_edges",
]


def loaded_by(code: str) -> set[str]:
    """Which heavy libraries a fresh process holds after running code."""
    told = f"{code}\nimport sys\nprint('LOADED', *[m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


def command(*args: str) -> str:
    """Code that runs a command and goes on."""
    return (
        f"import sys; sys.argv = {['nodeemb', *args]!r}\n"
        "from nodeemb.cli.main import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code, end.code"
    )


@pytest.mark.parametrize(
    "code",
    [
        "import nodeemb",
        "import nodeemb; nodeemb.errors",
        command("--help"),
        command("--version"),
    ]
    + [
        command(name, "--help")
        for name in ("embed", "evaluate", "inspect", "neighbors")
    ],
)
def test_a_start_is_light(code):
    assert loaded_by(code) == set()


def test_a_cpu_embedding_never_loads_torch():
    code = (
        "import nodeemb as ne\n"
        "graph = ne.Graph.from_edges([0, 1, 2], [1, 2, 0])\n"
        "result = ne.embed(graph, 'nerd', dim=4, options={'training.epochs': 1})\n"
        "result.most_similar(0, topn=1)\n"
    )
    assert not loaded_by(code) & {
        "torch",
        "torch_geometric",
        "networkx",
        "sklearn",
        "pyarrow",
    }


def test_a_run_of_the_command_line_never_loads_torch(tmp_path):
    edges = tmp_path / "edges.tsv"
    edges.write_text("a\tb\nb\tc\nc\ta\n")
    args = (
        "embed",
        str(edges),
        "--preset",
        "line2",
        "--dim",
        "2",
        "--out",
        str(tmp_path / "run"),
    )
    assert not loaded_by(command(*args)) & {
        "torch",
        "torch_geometric",
        "networkx",
        "sklearn",
    }


def test_an_evaluation_never_loads_torch(tmp_path):
    code = (
        "import nodeemb as ne\n"
        "ring = [(i, (i + s) % 20) for i in range(20) for s in (1, 3)]\n"
        "split = ne.split_edges(ne.Graph.from_edges(*zip(*ring)))\n"
        "result = ne.embed(split.train, 'line2', dim=4, options={'training.epochs': 1})\n"
        "ne.evaluate_links(result, split)\n"
    )
    # not pyarrow: pandas loads it, and scikit-learn loads pandas wherever it is installed
    assert not loaded_by(code) & {"torch", "torch_geometric", "networkx"}


def test_the_public_names_are_these():
    assert nodeemb.__all__ == PUBLIC
    assert set(dir(nodeemb)) == {*PUBLIC, "__version__"}
    for name in PUBLIC:
        assert getattr(nodeemb, name) is not None
    with pytest.raises(AttributeError, match="embedd"):
        _ = nodeemb.embedd
