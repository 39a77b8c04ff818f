"""What pages are made of: their pieces as data, tables, charts, masking, and the rendering."""
