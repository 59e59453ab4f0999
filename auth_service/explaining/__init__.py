"""Explain decisions: who asked what, every grant that was considered, what came of it, and the way out."""
