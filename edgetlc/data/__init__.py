"""Photo sets: where photos lie, what they show, which camera took them, which part they are in."""
