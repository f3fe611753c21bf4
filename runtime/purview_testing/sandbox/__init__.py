"""A Purview that keeps what it is given, in process or on a port."""
