"""What `make demo` shows: people, a registry made by signed changes, changes that wait, and tasks at work."""
