"""Django's backend for PostgreSQL, for a primary that may be another server tomorrow."""
