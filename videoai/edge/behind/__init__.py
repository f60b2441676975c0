"""Who answers what the edge does not: Django, in threads or in processes of its own."""
