"""What runs an image off SageMaker: manifests for Kubernetes and KServe, and a Compose file."""
