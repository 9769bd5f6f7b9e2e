"""The method interface, the occlusion evaluation module and RG-Gait."""
