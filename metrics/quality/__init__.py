"""Quality checkpoints: reading what tools report, judging it, keeping it, and what it means for workflows."""
