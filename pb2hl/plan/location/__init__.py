"""The location as a plan looks things up in it, and its own rules of identity."""
