"""Looks at everything that a server needs, and says what to do about what it lacks.

Each check is a small function that yields findings. It may fail: that is a finding, too.
"""
