"""Reports of a saved run: tables, break-even points, growth with size, comparison, citation."""
