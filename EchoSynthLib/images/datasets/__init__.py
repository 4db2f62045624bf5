"""Layouts of data sets on disk: CAMUS, nnU-Net, pairs, shards."""
