"""Tokens: how they are asked for, read, kept and refreshed."""
