"""One command that runs the whole portal on one machine. Nothing here imports Django: the supervisor starts at once."""
