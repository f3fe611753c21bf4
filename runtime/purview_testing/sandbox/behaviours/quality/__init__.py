"""Data Quality: rules, jobs, scans, assets, scores."""
