"""A frame beats by motion that is made for it: image and label map are carried along."""
