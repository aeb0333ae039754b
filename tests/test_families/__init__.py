"""The families beyond UNIX and IP: the matrix, and the recorded flows call by call."""
