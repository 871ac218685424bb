"""Listings on AWS Marketplace: requests, texts, samples, notebooks; derived from the images and checked."""
