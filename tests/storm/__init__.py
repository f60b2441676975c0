"""Many writers record while the server is killed again and again: nothing is lost, nothing counts twice.

`python -m tests.storm --recordings 10000 --engine postgresql`, and a small one among the tests.
"""
