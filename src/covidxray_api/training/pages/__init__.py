"""Model cards and documents."""
