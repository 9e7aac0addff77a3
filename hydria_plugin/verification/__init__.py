"""How good the forecasts are: scores, the backtest, and verification as truth arrives."""
