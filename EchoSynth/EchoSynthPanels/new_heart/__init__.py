"""EchoHeart3D: the section New heart."""
