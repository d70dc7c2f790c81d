"""Layer 2: one table of jobs, and what runs it: when, in which lane, with which limits."""
