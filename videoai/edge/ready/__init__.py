"""What is ready to be served, and how it stays as the database is."""
