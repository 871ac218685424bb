"""The engine `auto`: one model per column over all other columns."""
