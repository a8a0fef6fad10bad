"""Notes, chords, charts and MIDI files: plain data, its reading and its writing."""
