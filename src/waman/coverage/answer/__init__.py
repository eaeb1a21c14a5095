"""Questions put to a field: one point exactly, a whole path, and "could anybody have seen it?"."""
