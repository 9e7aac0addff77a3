"""One recurrent network (LSTM) for all stations: quantiles of all leads from the state at the issue time."""
