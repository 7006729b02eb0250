"""The result: vectors by role, scores, search, files."""
