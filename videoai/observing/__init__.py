"""What those who run us see: lines of the log, slow queries, and metrics for Prometheus."""
