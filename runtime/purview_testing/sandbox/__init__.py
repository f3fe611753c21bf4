"""A Purview account on this machine: it keeps what it is given, in process or on a port."""
