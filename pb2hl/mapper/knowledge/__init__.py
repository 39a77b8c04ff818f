"""What is known before any file is seen: words, concepts, consent, what values look like, how sheets are laid out."""
