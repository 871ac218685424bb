"""How well an imputer fills: masks, metrics, and a comparison of engines."""
