"""The parts of the bench: each measures one thing and gives lines of the table of bars."""
