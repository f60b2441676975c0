"""Single recordings that wait together, in one transaction."""
