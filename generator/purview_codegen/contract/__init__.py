"""From a document to its contract: OpenAPI 3.1, in one shape, with the facts of the overlays.

Pure.
"""
