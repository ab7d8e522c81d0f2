"""The paper trail for counsel: an annex, outlines to fill in, OSCAL, and the rules as a Rego policy."""
