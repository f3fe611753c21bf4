"""What the sandbox keeps, and the behaviours that all planes share.

Resources are written, read, listed and removed here, by the shape of their routes.
"""
