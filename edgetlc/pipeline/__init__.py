"""Whole jobs of the workstation: quantize a run, export it, prepare its offline installation.

`edgetlc.export` and `edgetlc.calibration` know nothing of each other; here they are put together.
"""
