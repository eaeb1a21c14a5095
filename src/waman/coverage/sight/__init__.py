"""Line of sight: the lowest visible height over a whole window, and the judges that check it."""
