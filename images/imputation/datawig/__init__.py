"""The engine `datawig`: a DataWig network per column."""
