"""How fast we are, beside what the machine, the server and the database alone can do: `make bench`.

Each module that `__main__` lists measures one thing: it has a `measure(bench)` that yields lines.
"""
