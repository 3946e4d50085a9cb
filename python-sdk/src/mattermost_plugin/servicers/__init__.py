"""What answers the host's calls."""
