"""What an account used, by price period, and what that costs: readings of metering joined with versions of tariffs.

Owns usage by day and by month, and the costs of months. Publishes nothing: it follows what its
neighbours keep, and tells whoever asks. It never changes a reading and never decides a price: energies come from
metering alone, every rule of a price from tariffs.

Energy is a whole number of millionths of a kWh inside, and a Decimal of kWh at the face. Whatever prices a part of a
month answers the same to the minor unit: the exact engine of tariffs, or one SQL statement for the shapes that compile.
"""
