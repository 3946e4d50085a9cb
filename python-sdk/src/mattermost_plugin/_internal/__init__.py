"""Modules that plugins import by custom, though they are not the official face of the SDK."""
