"""How long a step takes: architecture to operators to device to step time, memory and power."""
