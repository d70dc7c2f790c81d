"""Layer 8: looks at published posts when there is something to see, and never calls missing zero."""
