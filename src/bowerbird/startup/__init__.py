"""Layer 1: boots what runs, checks it before calling it ready, and watches it from outside."""
