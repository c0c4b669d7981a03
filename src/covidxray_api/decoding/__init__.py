"""Decoding: bytes → `Radiograph`. Limits are checked before pixels are allocated."""
