"""How fast recording and reading usage are, beside what the database alone can do: `make bench`.

Each module that `__main__` lists measures one thing: it has a `measure(bench)` that yields lines.
"""
