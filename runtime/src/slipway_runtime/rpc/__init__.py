"""gRPC: the Open Inference Protocol v2, TensorFlow Serving's services, health and reflection, on one server.

Only `wire` knows gRPC's library; the services see messages' bytes and answer with bytes or faults.
"""
