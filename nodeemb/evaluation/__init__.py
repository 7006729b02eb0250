"""Link prediction that can be trusted: saved splits, several kinds of test negatives,
degree baselines beside every number, intervals, and a report a colleague can read.

Nothing here knows what a model is. A scorer is anything with
`score_rows(sources, targets)`, so embeddings, heuristics and other people's vectors
come through the same door and none can be evaluated with the wrong table.
"""
