"""How long each stage of a guided case takes, next to the plain host and to what the processor can give."""
