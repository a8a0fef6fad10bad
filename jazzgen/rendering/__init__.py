"""What turns notes into music."""
