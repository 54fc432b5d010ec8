"""What runs models: siblings behind one Protocol; the registry picks one by the model's format."""
