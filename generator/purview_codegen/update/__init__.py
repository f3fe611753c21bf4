"""The command that follows upstream: look, compare, report, write."""
