"""The commands of `wattline`, one file each."""
