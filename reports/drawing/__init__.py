"""How figures are drawn: one look, and the forms that formats take."""
