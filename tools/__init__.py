"""What makes the documentation of code."""
