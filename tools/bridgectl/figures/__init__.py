"""What `make figures` measures, a file each."""
