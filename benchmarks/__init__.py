"""What ``make bench`` runs: ratios within one run, printed as one table. Absolute times mean nothing here."""
