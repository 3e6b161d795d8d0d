"""Tests of what runtimes hold lists by."""
