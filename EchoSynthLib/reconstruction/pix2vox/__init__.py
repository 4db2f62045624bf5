"""Efficient Pix2Vox++ (Stojanovski et al. 2022, arXiv 2207.13424) and its parent: views in, a heart of voxels out."""
