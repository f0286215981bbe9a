"""Files of other systems and customers: what each format means, turned into rows of intervals, and written from them.

Pure: bytes in, rows or rejects out, one after another and in memory that does not grow with the file.
"""
