"""What was wrong a moment ago is likely to be wrong still."""
