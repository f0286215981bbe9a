"""The web portal: pages for customers, made on the server; they work with scripts off."""
