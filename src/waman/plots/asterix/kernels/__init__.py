"""The compiled loops of the decoder and, in ``reference``, the slow decoder they are compared with."""
