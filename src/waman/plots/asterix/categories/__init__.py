"""The categories of ASTERIX that Waman reads, one module each: tables of the standard, no code."""
