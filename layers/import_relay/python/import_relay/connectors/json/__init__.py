"""Everything of plain JSON, of an ERP or an automation tool."""
