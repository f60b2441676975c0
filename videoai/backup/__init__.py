"""The whole database as a file, and back: what is taken, what is proved of it, and how it is put in place."""
