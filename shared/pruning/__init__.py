"""Takes out of the libraries of an image what no container reads, by the list libraries.toml.

Runs while an image is built (shared/install-deps), and is in no image.
"""
