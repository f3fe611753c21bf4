"""The version of the distribution, and the one place that states it.

The build reads this file as text, and an update writes it.
"""

VERSION = "0.1.0"
