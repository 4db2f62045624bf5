"""The fast generator: a flow map and a speckle stage in beam space, scan-converted onto the user's grid."""
