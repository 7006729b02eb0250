"""Objectives: value and slope of the same formula."""
