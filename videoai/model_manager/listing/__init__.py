"""The list of models: cards, columns of usage, rows that are edited in place."""
