"""The pytest plug-in: fixtures, options, recordings."""
