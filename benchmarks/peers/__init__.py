"""The peers' networks and loops, written anew from their published descriptions."""
