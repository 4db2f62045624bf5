"""EchoHeart3D: the section Reconstruct."""
