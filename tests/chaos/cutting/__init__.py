"""Cutting the connection to the database before each statement of each write, one by one."""
