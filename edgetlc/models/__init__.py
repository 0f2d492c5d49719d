"""Networks in PyTorch: the torchvision architectures, their checkpoints, the float reference."""
