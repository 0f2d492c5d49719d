"""The field runtime: from a photo's bytes to a decision, with numpy, Pillow and an engine."""
