"""What the operator shows of itself: metrics, health, logs. Nothing in here decides anything."""
