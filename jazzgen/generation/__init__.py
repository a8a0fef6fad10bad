"""Solos drawn value by value."""
