"""Training and evaluating classifiers in PyTorch."""
