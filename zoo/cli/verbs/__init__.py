"""One file per verb of `zoo`; each adds its arguments to a parser and says what to do."""
