"""The second route: methods that write down a matrix of the graph and factorise it."""
