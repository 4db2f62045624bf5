"""Which view a frame shows, of the standard ones and of what is none of them."""
