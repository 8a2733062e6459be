"""Figures that the project states, each file a command that makes them."""
