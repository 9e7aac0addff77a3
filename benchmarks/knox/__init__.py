"""Whether KnoX tells the truth: basins whose zones and responses are known, read by every rule on the same networks."""
