"""Layer 9: turns mentions into reply drafts and search results into opportunities for a person."""
