"""What the product is made of: licences, known weaknesses, and a list of all of it."""
