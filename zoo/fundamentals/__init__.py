"""The course's derivations by hand, without a model; each is checked in the tests."""
