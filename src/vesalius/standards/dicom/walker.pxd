# cython: language_level=3
# Types with which Cython compiles walker.py; the source itself stays plain Python.
cimport cython

cdef unsigned int UNDEFINED, ITEM, ITEM_DELIMITATION, SEQUENCE_DELIMITATION
cdef unsigned int SPECIFIC_CHARACTER_SET, PIXEL_REPRESENTATION, PIXEL_DATA
cdef int DATASET, SEQUENCE_LEVEL, ITEM_LEVEL, FRAGMENTS_LEVEL
cdef int BINARY, LONG_TEXT, SEQUENCE, TEXT, US, UN_CODE
cdef int PREFIX_LIMIT, WARNING_LIMIT, CAPTURE_OVERHEAD
cdef dict PREFIXES, IMPLICIT, VR_NAMES

@cython.locals(key="unsigned long long")
cpdef bytes prefix_of(unsigned int number, str vr)
cpdef tuple implicit_kind(unsigned int number)

cdef class Walker:
    cdef public frozenset wanted
    cdef public bint explicit, big_endian, strict, done
    cdef public Py_ssize_t depth_limit, bulk_threshold, text_threshold, found_limit
    cdef public long long header_limit, position, pixel_offset, pixel_length
    cdef public dict found
    cdef public list bulk, warnings, parts
    cdef public unsigned int pixel_tag
    cdef public str pixel_vr
    cdef public object charset
    cdef bytearray _pending
    cdef long long _need, _skip, _skipped, _end, _limit, _bulk_start, _fragments_end, _last
    cdef int _kind
    cdef bint _comma, _signed
    cdef set _seen
    cdef unsigned int _tag, _capture_tag
    cdef long long _items, _captured
    cdef Py_ssize_t _capture
    cdef list _levels

    @cython.locals(p="const unsigned char*", size=Py_ssize_t, pos=Py_ssize_t, base="long long",
                   number="unsigned int", header=Py_ssize_t, kind=int, length="long long",
                   code=int, start=Py_ssize_t, wide=bint, vr=str, known=tuple, meant=tuple)
    cdef Py_ssize_t _walk(self, bytes data) except -1
    @cython.locals(p="const unsigned char*", value="unsigned int")
    cdef long long _long(self, bytes data, Py_ssize_t pos)
    @cython.locals(here="long long", passed="long long")
    cdef Py_ssize_t _pass_by(self, Py_ssize_t pos, Py_ssize_t size)
    cdef tuple _unknown_vr(self, int code)
    @cython.locals(meant=tuple)
    cdef tuple _meant_by_unknown(self, unsigned int number, long long length)
    cdef int _low_group(self, unsigned int group) except -1
    cdef int _begin_element(self, unsigned int number) except -1
    cdef int _out_of_order(self, unsigned int number) except -1
    cdef int _count_captured(self, long long size) except -1
    cdef int _end_capture(self) except -1
    cdef int _close_ended(self, long long position) except -1
    cdef int _close(self) except -1
    @cython.locals(here="long long", length="long long")
    cdef Py_ssize_t _delimiter(self, bytes data, Py_ssize_t pos, unsigned int number) except -1
