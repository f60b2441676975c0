"""Live streams: who is let in, who is told, and what was missed."""
