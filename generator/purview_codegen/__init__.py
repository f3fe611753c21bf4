"""Upstream OpenAPI documents to committed contracts to typed clients; `python -m
purview_codegen` is its front door.
"""
