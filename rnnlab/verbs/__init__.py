"""The verbs put witnesses, record, rules and views together; nothing else does."""
