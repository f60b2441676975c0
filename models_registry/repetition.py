"""Told when a whole transaction is begun anew; whoever counts that listens, and stands above."""

from django.dispatch import Signal

# Sent with `reason`: one word from a small closed set, such as `deadlock` or `lost_connection`.
transaction_repeated = Signal()
