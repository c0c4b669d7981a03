"""Making the gate: examples, network, thresholds, and what it is worth."""
