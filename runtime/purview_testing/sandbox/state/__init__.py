"""What the sandbox keeps, and how the resources of all planes are made, read, listed and removed."""
