"""AUC on validation links by how many noise rows a block shares: what `fast` is chosen by.

    python -m tests.bench.shared_rows GRAPH CHOICES [SEED]

GRAPH and CHOICES as in tests.bench.speed_beside. Half of the links are hidden as there and not
looked at; a tenth of the others are hidden in turn, and each way to read scores off the tables
is told for them.
"""

import sys

from nodeemb.io.cards import read_dataset
from tests.bench.beside import choices_of, hide, train

ROWS = (8, 16, 24, 32, 48, 96)


def main(name, choices, seed="0"):
    """A line for each number of rows."""
    chosen, seed = choices_of(choices), int(seed)
    validation = hide(hide(read_dataset(name), 0.5, seed).graph, 0.1, seed)
    print(f"{name}, {choices}, seed {seed}")
    for rows in ROWS:
        options = chosen | {"noise.shared": rows}
        pairs, seconds, found = train(validation, options, seed)
        ways = ", ".join(f"{way} {value:.4f}" for way, value in found.items())
        speed = pairs / seconds / 1e6
        print(f"  {rows} rows: {ways}; {speed:.1f} M pairs/CPU-s", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
