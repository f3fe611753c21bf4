"""What upstream has: which documents there are, which we take, and their bytes."""
