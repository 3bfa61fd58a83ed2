"""Stand-alone programs: a problem's own source, rewritten in the idiom of one framework."""
