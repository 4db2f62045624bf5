"""Experiments: what a generator's images are worth, measured on real ones.

`synthetic-training`: label maps of real train frames are varied, each generator draws an image of each, a segmentation
network is trained on these images, and is judged on real images of other patients. Every stage is a function from
inputs to a folder, made once (`stages.py`); `plan.py` says which stages there are and what each builds on.
"""
