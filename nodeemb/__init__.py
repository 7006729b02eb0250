"""nodeemb: embeddings for directed graphs, with roles. Names load when first used."""

from __future__ import annotations

import importlib
import os
from typing import Any

__version__ = "0.1.0"

# Threads that wait for work should sleep: where other programs use the cores, spinning ones
# made two threads slower than one. Read by OpenMP when it starts, so it is said first.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

_HOME = {
    "Corpus": "nodeemb.corpus.corpus",
    "Embedding": "nodeemb.embedding.embedding",
    "Graph": "nodeemb.graph.graph",
    "RoleScheme": "nodeemb.roles.scheme",
    "corpus_of": "nodeemb.corpus.made",
    "diagnose": "nodeemb.diagnosis.diagnose",
    "embed": "nodeemb.run",
    "errors": "nodeemb.errors",
    "evaluate_links": "nodeemb.evaluation.links",
    "evaluate_protocol": "nodeemb.evaluation.follow",
    "evaluate_signs": "nodeemb.evaluation.signs",
    "evaluate_words": "nodeemb.evaluation.words",
    "load": "nodeemb.embedding.embedding",
    "load_graph": "nodeemb.io.graph_files",
    "presets": "nodeemb.recipe",
    "protocol_split": "nodeemb.evaluation.protocol_split",
    "rank_links": "nodeemb.evaluation.ranking",
    "read_corpus": "nodeemb.corpus.reading",
    "read_edges": "nodeemb.io.edges",
    "save_graph": "nodeemb.io.graph_files",
    "split_edges": "nodeemb.evaluation.split",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'nodeemb' has no attribute {name!r}")
    module = importlib.import_module(_HOME[name])
    return module if name == "errors" else getattr(module, name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
