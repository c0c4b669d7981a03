"""Renderings of an answer: JSON, PDF, PNG."""
