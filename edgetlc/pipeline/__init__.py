"""The steps after training, each from a run folder: `quantize_run` and `export_run`.

`edgetlc.export` and `edgetlc.calibration` know nothing of each other; here they are put together.
"""
