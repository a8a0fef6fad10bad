"""Where solos come from: MIDI files, the Weimar Jazz Database, the corpora of music21."""
