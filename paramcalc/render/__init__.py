"""Reports as text: one table model, one file a format."""
