"""Data sets, protocols, transforms and the generated artworks."""
