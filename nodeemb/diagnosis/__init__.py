"""How much role structure a graph or a text holds, before anything is trained."""
