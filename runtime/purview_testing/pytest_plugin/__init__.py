"""The plug-in of pytest: fixtures, options, recordings."""
