"""How good the forecasts are, beside the strongest free tools on the same records."""
