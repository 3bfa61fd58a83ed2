"""Tables: what one says (`table`), how wide it is (`widths`), and a writer for each medium."""
