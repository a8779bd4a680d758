"""What the rows of an import become: contacts, deals and appointments with their fields."""
