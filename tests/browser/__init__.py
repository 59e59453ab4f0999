"""What a person sees: the whole stack through a real browser."""
