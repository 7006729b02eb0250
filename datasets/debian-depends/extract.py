"""Make edges.tsv.gz from a Debian package index: package -> package it depends on.

An index ("Packages") is a list of stanzas, one a binary package. Each clause of a
package's Depends field names one package, or several alternatives ("a | b") of which
the first is the one an installer takes when nothing else decides. The rule:

- one edge from a package to the first alternative of each clause of Depends;
- version constraints, architecture qualifiers (":any") and restrictions are cut off;
- a name that no package of the index bears (a virtual package, provided by others) is
  a node like any other, so nothing is resolved or dropped;
- a dependency named twice is one edge; Pre-Depends, Recommends and the rest are not
  read; a package without dependencies that nobody names has no edge and so no line.

The output depends on the input alone: lines sorted by code point, no time in the file.

Usage, on a Debian 12 machine with apt:

    apt-get update
    /usr/lib/apt/apt-helper cat-file \
        "$(apt-get indextargets --format '$(FILENAME)' 'Created-By: Packages' \
            'Codename: bookworm' 'Component: main' 'Architecture: amd64')" > Packages
    python3 extract.py Packages edges.tsv.gz        # "-" reads standard input
"""

from __future__ import annotations

import gzip
import hashlib
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.\-]*")


def stanzas(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """The fields of each package; folded lines are joined."""
    fields: dict[str, str] = {}
    last = ""
    for line in lines:
        if not line.strip():
            if fields:
                yield fields
            fields = {}
        elif line[0] in " \t":
            fields[last] += " " + line.strip()
        else:
            last, _, value = line.partition(":")
            fields[last] = value.strip()
    if fields:
        yield fields


def first_alternatives(depends: str) -> Iterator[str]:
    """The first name of each clause of a Depends field."""
    for clause in depends.split(","):
        name = _NAME.match(clause.strip())
        if name:
            yield name.group()


def edges(lines: Iterable[str]) -> list[tuple[str, str]]:
    """All distinct (package, dependency) pairs, sorted."""
    return sorted(
        {
            (fields["Package"], name)
            for fields in stanzas(lines)
            for name in first_alternatives(fields.get("Depends", ""))
        }
    )


def main(arguments: list[str]) -> int:
    """Read the index, write the edges, print what a card needs to know."""
    if len(arguments) != 2:
        print("usage: extract.py PACKAGES|- OUTPUT.tsv.gz", file=sys.stderr)
        return 2
    source, output = arguments
    if source == "-":
        index = sys.stdin.buffer.read().decode("utf-8")
    else:
        index = Path(source).read_bytes().decode("utf-8")
    # not splitlines(): descriptions may hold line separators that end no line here
    pairs = edges(index.split("\n"))
    text = "".join(f"{a}\t{b}\n" for a, b in pairs).encode()
    # an empty name and time 0 leave nothing of this machine in the header
    with Path(output).open("wb") as file, gzip.GzipFile("", "wb", 9, file, 0) as packed:
        packed.write(text)
    print("nodes           ", len({name for pair in pairs for name in pair}))
    print("edges           ", len(pairs))
    print("sha256          ", hashlib.sha256(Path(output).read_bytes()).hexdigest())
    print("sha256, unpacked", hashlib.sha256(text).hexdigest())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
