"""Renderings of an answer: JSON, PDF, PNG. They draw what they are given, and compute nothing."""
