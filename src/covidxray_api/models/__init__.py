"""Stored models: what they say of themselves, the decision rule, and where they are kept."""
