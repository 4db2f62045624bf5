"""Motion between frames: what lies where in another picture of the same heart."""
