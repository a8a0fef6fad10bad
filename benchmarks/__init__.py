"""Speed, measured side by side in one process; each module is run with `python -m`."""
