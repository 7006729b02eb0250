"""Roles as data: schemes of terms between named shares of a node's floats."""
