"""Speed and memory beside the peers' (`python -m benchmarks`), and what was measured of quality."""
