"""The form of one model, in tabs."""
