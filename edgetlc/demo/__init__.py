"""Demo data: generated photos of invented herb pieces, and the main job run on them."""
