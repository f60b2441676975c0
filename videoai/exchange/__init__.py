"""Moving whole models, prices included, between files and the catalogue."""
