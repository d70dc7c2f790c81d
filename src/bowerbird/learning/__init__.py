"""Layer 10: learns from observed numbers only, and leaves versioned advice for planning."""
