"""The Open Inference Protocol, its older form KServe v1, and Vertex AI: routes on the same port."""
