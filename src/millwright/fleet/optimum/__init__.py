"""The mixed fleet as an integer program: stated, built, solved, read back, questioned, proved by simulation."""
