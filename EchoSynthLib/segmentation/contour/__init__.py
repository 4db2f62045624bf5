"""The contour model: seven ordered landmarks and a distance map, and the open endocardial curve from both."""
