"""Calibration: which photos set the int8 ranges, and the quantization that uses them."""
