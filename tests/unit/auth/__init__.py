"""Tests of the auth plug-in, named by the rows of its requirements."""
