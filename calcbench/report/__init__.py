"""A saved run, read: tables, break-even points, growth with size, comparison, citation."""
