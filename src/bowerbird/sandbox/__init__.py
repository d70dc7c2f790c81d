"""The rehearsal network: a small social network with a site, an API, an audience and faults."""
