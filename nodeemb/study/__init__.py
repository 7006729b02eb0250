"""Studies: methods x graphs x kinds of split x seeds, measured to one table, resumable.

A study's folder holds a file for each cell, named by a digest of everything that decides
its numbers, so that a cell is never done twice and never taken for another. It stands
above `nodeemb.compare`, which trains and reports one graph in one go and keeps nothing
before its end.
"""
