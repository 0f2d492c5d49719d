"""Camera sources: the cameras of the standard, and which of them took a photo."""
