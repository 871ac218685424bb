# The images that ours are built on, by digest of the list of all platforms; Dependabot proposes newer ones, and
# `tools/base-image` reads them. By hand: docker buildx imagetools inspect debian:trixie-slim
FROM debian:trixie-slim@sha256:3a39a0592364683e6bab97937b72cad5a8fa6dcbbee90edb3bb48c7f8e94f258
