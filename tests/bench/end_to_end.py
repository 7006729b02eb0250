"""From a file of links to saved vectors, beside other programs.

    python -m tests.bench.end_to_end GRAPH PYTHON [WALKS] [SECONDS] [ONLY]

GRAPH: a data set, half of whose links are hidden, or made:NODES:EDGES. PYTHON: the
interpreter of an environment with the others (node2vec, pecanpy, nodevectors, grape,
karateclub, scikit-network); one that is missing or fails is told with its last words. WALKS:
of each node, 10 if not given. SECONDS: CPU-seconds after which a program is stopped, 300. ONLY:
the programs to run, with semicolons between them, or ours; all if not given.

Every program is a process of its own with one thread, reads the same file (each pair of linked
nodes once, without direction) and writes the vectors of all its nodes: 128 numbers a node,
walks of 80 nodes, window 10, 5 noise words, one epoch. Where a program forces another thing:

| program | differs |
|---|---|
| nodeemb | the preset deepwalk: all of the window counts alike, Adagrad |
| nodeemb, fast | the same with the choices of nodeemb.bench.measures.fast |
| the others by gensim | the window shrinks at random |
| karateclub | hierarchical softmax and CBOW |
| scikit-network | no walks: 128 eigenvectors (Spectral) |

The quality is the AUC of hidden links against as many random pairs that are no links, by the
cosine of the saved vectors (nodeemb: of the centre), fixed before anything was run; a node
without vector has the cosine 0. nodeemb's own score, centre . context, stands apart. The
seconds are those of the whole process: start, reading, compiling where a program compiles
anew each time (nodeemb keeps its compiled code; a small run goes before), training, writing.
"""

import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

import nodeemb as ne
from nodeemb.bench.made import made_graph
from nodeemb.bench.measures import fast
from nodeemb.bench.process import ONE_THREAD
from nodeemb.evaluation.metrics import auc
from nodeemb.evaluation.negatives import draw_negatives
from nodeemb.io.cards import read_dataset

DIM = 128
NAMES = "import sys, numpy as np; edges, out, walks = sys.argv[1], sys.argv[2], int(sys.argv[3])\n"  # fmt: skip
SAVED = "\nnp.savez(out, ids=np.array([int(n) for n in ids]), vectors=np.asarray(vectors, np.float32))\n"  # fmt: skip
PEERS = {
    "node2vec": """
import networkx as nx
from node2vec import Node2Vec
made = Node2Vec(nx.read_edgelist(edges), dimensions=128, walk_length=80, num_walks=walks,
    workers=1, quiet=True, seed=0)
wv = made.fit(window=10, negative=5, min_count=0, sg=1, epochs=1).wv
ids, vectors = wv.index_to_key, wv.vectors
""",
    "PecanPy": """
from pecanpy import pecanpy
graph = pecanpy.FirstOrderUnweighted(p=1, q=1, workers=1, random_state=0)
graph.read_edg(edges, weighted=False, directed=False)
vectors = graph.embed(dim=128, num_walks=walks, walk_length=80, window_size=10, epochs=1)
ids = graph.nodes
""",
    "nodevectors": """
import csrgraph, nodevectors
graph = csrgraph.read_edgelist(edges, directed=False, sep="\\t")
model = nodevectors.Node2Vec(n_components=128, walklen=80, epochs=walks,
    threads=graph.threads, verbose=False, w2vparams={"window": 10, "negative": 5, "epochs": 1, "sg": 1, "min_count": 0})
model.w2vparams["workers"] = 1
model.fit(graph)
ids, vectors = model.model.wv.index_to_key, model.model.wv.vectors
""",
    "GRAPE": """
from ensmallen import Graph, models
graph = Graph.from_csv(edge_path=edges, directed=False, edge_list_separator="\\t",
    edge_list_header=False, sources_column_number=0, destinations_column_number=1,
    edge_list_is_correct=False, edge_list_is_complete=False, name="g", verbose=False)
model = models.SkipGram(embedding_size=128, epochs=1, number_of_negative_samples=5,
    walk_length=80, iterations=walks, window_size=10, random_state=0, verbose=False)
ids, vectors = graph.get_node_names(), model.fit_transform(graph)[0]
""",
    "karateclub": """
import networkx as nx
from karateclub import DeepWalk
read = nx.read_edgelist(edges)
ids = list(read)
model = DeepWalk(walk_number=walks, walk_length=80, dimensions=128, workers=1,
    window_size=10, epochs=1, seed=0)
model.fit(nx.convert_node_labels_to_integers(read))
vectors = model.get_embedding()
""",
    "scikit-network": """
from sknetwork.data import from_csv
from sknetwork.embedding import Spectral
graph = from_csv(edges, delimiter="\\t", directed=False, reindex=True)
ids, links = graph.names, graph.adjacency
vectors = Spectral(128).fit_transform(links)
""",
}


OURS = {"nodeemb": {}, "nodeemb, fast": fast()}


class Spent(NamedTuple):
    """What a process took; failed: its last words, empty where it did its work."""

    cpu: float
    wall: float
    peak: int
    failed: str


def spend(command: list[str], folder: Path, most: float) -> Spent:
    """Runs a command, stopped after so many CPU-seconds."""
    begun, told = time.perf_counter(), folder / "told"
    pid = os.fork()
    if pid == 0:
        with told.open("w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        resource.setrlimit(resource.RLIMIT_CPU, (int(most), int(most) + 5))
        os.chdir(folder)
        os.execve(command[0], command, os.environ | ONE_THREAD)
    _, status, used = os.wait4(pid, 0)
    cpu, failed = used.ru_utime + used.ru_stime, ""
    if status:
        words = told.read_text(errors="replace").strip().splitlines()
        over = f"over {most:.0f} CPU-seconds"
        failed = over if cpu >= 0.98 * most else (words or ["no words"])[-1][:150]
    return Spent(cpu, time.perf_counter() - begun, used.ru_maxrss * 1024, failed)


def nodeemb_command(
    edges: Path, out: Path, walks: int, choices: dict[str, object]
) -> list[str]:
    """`nodeemb embed` with the preset deepwalk on one thread."""
    words = f"--preset deepwalk --threads 1 --seed 0 --undirected -q --out {out}"
    chosen = choices | {"sampler.walks_per_node": walks}
    for key, value in chosen.items():
        words += f" --set {key}={value}"
    program = [sys.executable, "-m", "nodeemb.cli.main", "embed"]
    return [*program, str(edges), *words.split()]


def write_links(graph, path: Path) -> int:
    """Each pair of linked nodes once, in a file of two columns; how many there are."""
    ends = np.sort(np.column_stack([graph.sources, graph.targets]), axis=1)
    links = np.unique(ends[ends[:, 0] != ends[:, 1]], axis=0)
    np.savetxt(path, links, fmt="%d", delimiter="\t")
    return len(links)


def table(ids, vectors, nodes: int) -> np.ndarray:
    """(nodes, k): vectors by row; zeros for nodes that have none."""
    out = np.zeros((nodes, vectors.shape[1]), np.float32)
    out[np.asarray(ids, np.int64)] = vectors
    return out


def dots(left: np.ndarray, right: np.ndarray, asked) -> float:
    """AUC by inner products of links against other pairs."""
    links, others = (
        np.einsum("ij,ij->i", left[p[:, 0]], right[p[:, 1]]) for p in asked
    )
    return auc(links, others)


def cosine(vectors: np.ndarray, asked) -> float:
    """AUC by cosines; of a vector of zeros it is 0."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return dots(unit, unit, asked)


def asked_of(name: str):
    """(the graph to train on, (hidden links, other pairs) or None)."""
    if name.startswith("made:"):
        return made_graph(*map(int, name.split(":")[1:])), None
    graph = read_dataset(name)
    split = ne.split_edges(graph, test=0.5, seed=0)
    others = draw_negatives("uniform", graph, split.test, 0).pairs
    return split.train, (split.test, others)


def tell(name: str, spent: Spent, quality: str) -> None:
    """A line of the table."""
    if spent.failed:
        print(f"| {name} | {spent.failed} | | | |", flush=True)
        return
    peak = spent.peak / 2**20
    print(f"| {name} | {spent.cpu:,.1f} | {spent.wall:,.0f} | {peak:,.0f} | {quality} |", flush=True)  # fmt: skip


def own_row(what, edges, folder, walks, most, asked, nodes) -> None:
    """The line of one of nodeemb's own ways, after a small run that compiles."""
    small, out = folder / "small.tsv", folder / what.replace(", ", "-")
    small.write_text("0\t1\n1\t2\n2\t0\n")
    before = out.with_name(f"{out.name}-before")
    spend(nodeemb_command(small, before, walks, OURS[what]), folder, most)
    spent = spend(nodeemb_command(edges, out, walks, OURS[what]), folder, most)
    quality = ""
    if asked and not spent.failed:
        found = ne.load(out)
        centre, context = (
            table(found.ids.to_numpy(), found.vectors(role), nodes)
            for role in ("source", "target")
        )
        own = dots(centre, context, asked)
        quality = f"{cosine(centre, asked):.3f} (own score {own:.3f})"
    tell(what, spent, quality)


def main(
    name: str, python: str, walks: str = "10", seconds: str = "300", only: str = ""
) -> None:
    """Prints a line for each program."""
    graph, asked = asked_of(name)
    with tempfile.TemporaryDirectory() as there:
        folder, most = Path(there), float(seconds)
        edges = folder / "edges.tsv"
        links = write_links(graph, edges)
        print(
            f"{name}: {graph.num_nodes:,} nodes, {links:,} links, {walks} walks a node\n"
        )
        print(
            "| | CPU-seconds | wall seconds | peak MiB | AUC, cosine |\n|---|---|---|---|---|"
        )
        chosen = only.split(";") if only else [*OURS, *PEERS]
        if only == "ours":
            chosen = list(OURS)
        if unknown := set(chosen) - {*OURS, *PEERS}:
            sys.exit(
                f"no program: {', '.join(unknown)}; there are {', '.join([*OURS, *PEERS])}"
            )
        for what in OURS:
            if what in chosen:
                own_row(what, edges, folder, int(walks), most, asked, graph.num_nodes)
        for peer, code in PEERS.items():
            if peer not in chosen:
                continue
            out = folder / f"{peer}.npz"
            command = [python, "-c", NAMES + code + SAVED, str(edges), str(out), walks]
            spent, quality = spend(command, folder, most), ""
            if asked and not spent.failed:
                with np.load(out) as saved:
                    vectors = table(saved["ids"], saved["vectors"], graph.num_nodes)
                quality = f"{cosine(vectors, asked):.3f}"
            tell(peer, spent, quality)


if __name__ == "__main__":
    main(*sys.argv[1:])
