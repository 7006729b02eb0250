"""Files in and out: edge lists, data set cards, and writing whole or not at all."""
