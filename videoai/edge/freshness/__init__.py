"""Whether what we know still holds: one look at the database for all who wait."""
