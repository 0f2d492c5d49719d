"""`edgetlc search`: ways to compress a run, side by side, and which to ship."""
