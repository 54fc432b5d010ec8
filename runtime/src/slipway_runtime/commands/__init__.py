"""The two commands. Each puts the parts together, runs them, and says how it ended."""
