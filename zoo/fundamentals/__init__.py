"""The course's by-hand derivations, in numpy; each stands alone and is checked in the tests."""
