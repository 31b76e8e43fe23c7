"""The witness that looks on while a program runs: torch calls, data libraries, axis names."""
