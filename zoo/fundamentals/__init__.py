"""The course's derivations by hand, without a model; the tests check each of them."""
