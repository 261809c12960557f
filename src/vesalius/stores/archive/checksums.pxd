# cython: language_level=3
# Types with which Cython compiles checksums.py; the source itself stays plain Python.
cimport cython

cdef unsigned int POLYNOMIAL

@cython.locals(product="unsigned int", mask="unsigned int")
cpdef unsigned int multiply(unsigned int a, unsigned int b)
