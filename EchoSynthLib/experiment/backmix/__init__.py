"""Does a classifier look at the heart, or at what the screen shows beside it? BackMix, and what it is compared with."""
