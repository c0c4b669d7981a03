"""Maps of what an answer rests on: how they are compiled, and what they are worth."""
