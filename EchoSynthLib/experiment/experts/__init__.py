"""Experts of several sites, step by step, and what their fusion is worth against other ways to learn from all."""
