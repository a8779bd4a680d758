"""The whole relay against every way in which Mateo's Import API may behave."""
