"""What check_faults.py lets go wrong, a file for each kind; bench.py has what they share."""
