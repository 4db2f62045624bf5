"""How far a measurement can be relied upon: evidence, plausibility, the traffic light."""
