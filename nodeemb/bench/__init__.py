"""How fast nodeemb is on this machine: figures, each of a fresh process, and their history."""
