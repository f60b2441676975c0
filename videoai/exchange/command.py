from models_registry.errors import CatalogueError
from videoai.management.operator_command import OperatorCommand


class ExchangeCommand(OperatorCommand):
    """A command on the whole catalogue."""

    refusals = (CatalogueError,)
