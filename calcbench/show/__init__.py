"""Descriptions of a problem: derivation, stand-alone programs, steps; and a check-up."""
