"""What several CRMs have in common: authentication, bodies, ids, times."""
