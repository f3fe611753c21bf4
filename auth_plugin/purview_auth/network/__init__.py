"""What sign-in needs of the network and of the process: trust, proxies, event loops, forks,
requests sent again.
"""
