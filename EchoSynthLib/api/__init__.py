"""The functions a Python user calls, arrays in, arrays and a record out; `EchoSynthLib/__init__.py` lists them."""
