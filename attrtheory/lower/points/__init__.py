"""Point measures: attributions that are weighted sums of a network's values at points, exact, enclosed or sampled."""
