"""The command line: one module a command, which reads options and shows results; no more."""
