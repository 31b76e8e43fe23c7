"""The catalogue of mistakes: one folder per stage, one file per mistake, each a page and a pure function of a record."""
