"""The face: pages and an API that read Storage and say in sentences how things stand."""
