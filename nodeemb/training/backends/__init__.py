"""Three backends with one meaning: reference, cpu, torch."""
