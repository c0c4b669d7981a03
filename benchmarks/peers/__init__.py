"""Other servers around our own pipeline: the same model, the same decoding, the same gate."""
