"""Images and documents to other houses and from them."""
