"""The `slipway` command: train, tune, deploy, ask and clean up on SageMaker, for any image."""
