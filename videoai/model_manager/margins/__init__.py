"""The margin watch as a page: what is left of each price, and what was sold of it."""
