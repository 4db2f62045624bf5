"""EchoCine: one frame becomes a beating heart; previews, cines, the same heart at several ejection fractions."""
