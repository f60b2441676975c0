"""The ModelManager: the pages of the catalogue, with what usage and prices add to them."""
