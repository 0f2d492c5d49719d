"""Parity: does the compressed model answer as the reference does, and how sure is that?"""
