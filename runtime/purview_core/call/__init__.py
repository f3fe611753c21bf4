"""One call: from the arguments of a method to a request, over its attempts, to an answer or an
error.
"""
