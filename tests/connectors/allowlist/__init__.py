"""Tests of what agents may call."""
