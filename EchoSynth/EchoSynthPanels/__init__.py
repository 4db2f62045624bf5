"""The panels of the module: each one a .py here and a .ui in Resources/UI."""
