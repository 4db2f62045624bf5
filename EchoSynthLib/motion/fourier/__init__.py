"""Band-limited registration: Fourier-Net (Jia et al., AAAI 2023, arXiv 2211.16342), Fourier-Net+ (arXiv 2307.02997)."""
