"""The conversion's process: from a model's own library to ONNX, past a gate that compares the two."""
