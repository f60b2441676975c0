"""What can stand in the way of a backup or a restore; the text is meant for whoever runs the command."""


class BackupRefused(Exception):
    """Nothing was written where it would be taken for a backup."""


class RestoreRefused(Exception):
    """The database stands as it stood before."""
