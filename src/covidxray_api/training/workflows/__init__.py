"""What the commands of training and evaluation do."""
