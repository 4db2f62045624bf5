"""Only what pyproject.toml cannot say: the found packages, and Resources/ as one of them."""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["EchoSynthLib", "EchoSynthLib.*"]), "EchoSynthLib.Resources"])
