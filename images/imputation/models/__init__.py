"""The engine `auto`: a model per column over all the others."""
