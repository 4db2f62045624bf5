"""The input row that modules share: image or cine and its frames, label map and its overlay, ways to other modules."""
