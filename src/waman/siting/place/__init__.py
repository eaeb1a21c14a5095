"""Where sensors could stand and where pilots can fly: the grid, the candidates, the network of steps."""
