"""What can be shown of a problem: derivations, stand-alone programs, steps; and a check-up."""
