"""Made-up traffic of known truth: phones, attackers and an old server on a virtual clock."""
