"""Export: a trained network becomes graphs that take raw pixels, in a bundle."""
