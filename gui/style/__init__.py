"""The look in one place: tokens (colours), the Fusion theme made of them, and icons. Knows no download."""
