"""The admin's first page: what needs attention, how the last days went, what changed."""
