"""What the store costs, beside the forms it could have had."""
