"""Data quality: rules, jobs, assets and scores."""
