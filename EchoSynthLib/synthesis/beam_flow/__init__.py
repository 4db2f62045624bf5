"""The fast generator: a flow map and a speckle stage in beam space, scan-converted onto the user's grid."""

FLOW_MAP = "flow-map"
"""Its process and its own way to sample it, as records and options name them."""
