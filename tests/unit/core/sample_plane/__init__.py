"""A small plane in the shape of the generated ones, written by hand: what the models are made
of, and nothing else.
"""
