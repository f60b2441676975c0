"""The parts of the real thing as processes of this machine: on loopback, with their data in one folder."""
