"""What somebody should mend, for who looks at the overview and for doctor."""
