"""Every accepted item of a stack accounted for: what `relay status` and the local stack show."""
