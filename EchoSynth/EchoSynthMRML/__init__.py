"""Nodes of a scene to arrays and back; needs MRML, so Slicer or slicer-core, and no Qt."""
