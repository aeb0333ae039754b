"""Programs written for any system: they print the same on the model."""
