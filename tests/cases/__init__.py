"""The case list of task watch: one table, told by a scripted server and by two real ones of different makes."""
