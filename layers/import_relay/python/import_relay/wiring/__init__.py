"""Makes stores and Mateo's client out of settings. Every stage starts with them."""
