"""Builds Slipway's images with docker or buildah, onto an official base or one made from Debian packages."""
