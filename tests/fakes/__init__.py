"""Second implementations of what the project talks to: real ones, in memory."""
