"""The functions a Python user calls: arrays in, arrays out, mostly with a record of how they came about.

`EchoSynthLib/__init__.py` lists them.
"""
