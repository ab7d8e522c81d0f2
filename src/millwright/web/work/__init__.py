"""What workers do, one function a command. They parse nothing of HTTP and know no database."""
