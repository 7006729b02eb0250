"""Texts as sequences of word rows: reading, vocabulary, token stream, word graph.

A sentence is a walk and a corpus is a word graph. Text is read once. A compiled loop cuts
it at bytes that no word holds and gives each distinct piece a number by first appearance;
what is slow and exact (Unicode, lower case) is then done once for each distinct piece and
not for each token. The numbers wait on disk while words are counted, and are then written
again as rows of the vocabulary. Memory is the distinct pieces and some fixed blocks,
whatever the size of the text.
"""
