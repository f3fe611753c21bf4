"""What differs between two contracts, and how much it means to users."""
