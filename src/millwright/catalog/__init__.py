"""What the world offers: devices, hosts, models, offers and places, each figure with unit, source and date."""
