# cython: language_level=3
# Types with which Cython compiles values.py; the source itself stays plain Python.
cimport cython

cdef list SHORTS
cdef int SHORT_COUNT
cdef dict FORMATS
cdef int AT, BINARY, CODE, DECIMAL, FD, FL, INTEGER, LONG_TEXT, NAME, SS, SV, TEXT, URL, US, UV

@cython.locals(p="const unsigned char*", i=Py_ssize_t, c="unsigned char", result=int)
cpdef int plainness(bytes data, Py_ssize_t start, Py_ssize_t stop) except -1
@cython.locals(p="const unsigned char*", i=Py_ssize_t, digits=int, leading=int)
cpdef int number_form(bytes data, Py_ssize_t start, Py_ssize_t stop) except -1
@cython.locals(p="const unsigned char*", plain=int, text=bytes)
cpdef write_value(list parts, int kind, bytes data, Py_ssize_t start, Py_ssize_t stop, object charset, bint big_endian)
cpdef write_strings(list parts, int kind, str text)
cpdef write_text_numbers(list parts, int kind, bytes data, Py_ssize_t start, Py_ssize_t stop)
@cython.locals(p="const unsigned char*", short=int, width=int, count=Py_ssize_t, letter=str, form=str, numbers=tuple)
cpdef write_binary_numbers(list parts, int kind, bytes data, Py_ssize_t start, Py_ssize_t stop, bint big_endian)
