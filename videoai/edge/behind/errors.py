"""Why a request is not answered by whoever is behind."""


class Unavailable(Exception):
    """Nobody can answer now; told as 503 in these words."""


class ClientGone(Exception):
    """Nobody is there any more to be answered."""
