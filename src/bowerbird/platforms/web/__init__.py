"""A driver that posts through a site's own pages; the sites themselves are data."""
