"""Several workloads on one machine: each on devices of its own, on slices of a device, or by turns."""
