"""The Gamma autoencoder: an echo image as a small echo image whose pixels are Gamma-distributed."""
