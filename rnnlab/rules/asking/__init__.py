"""Questions that several rules ask of a record. No rule stands here."""
