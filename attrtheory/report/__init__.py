"""What was found, for people to read: the HTML page, pictures, tables for the terminal, LaTeX."""
