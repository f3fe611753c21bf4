"""What users hold: clients of planes and of accounts, pagers, pollers, and what they are made
of.
"""
