"""What agents may call: the answer to one question, the signed list for runtimes, and what was asked."""
