"""Django's backend for a replica that may fall silent in the middle of an answer."""
