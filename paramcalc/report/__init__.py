"""What is known of a network: rows, totals, derivations, comparisons, budgets, claims."""
