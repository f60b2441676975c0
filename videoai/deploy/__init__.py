"""How VideoAI runs for real: in containers, in Kubernetes, and the same without either on this machine."""
