"""How many of what, where: the search of replicas and their number."""
