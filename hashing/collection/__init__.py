"""The use cases of a collection of pictures, for programs, command line and server alike."""
