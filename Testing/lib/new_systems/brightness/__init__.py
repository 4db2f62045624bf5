"""Image to a number: how bright it is. A kind of system that the house does not know."""
