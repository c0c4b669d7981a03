"""From a trained network to a stored model."""
