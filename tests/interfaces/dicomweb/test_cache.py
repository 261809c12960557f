from vesalius.interfaces.dicomweb.cache import ByteCache


class TestByteCache:
    def test_forgets_what_was_not_used_longest(self):
        cache: ByteCache[str] = ByteCache(80)
        for name in "abcdefgh":
            cache.put(name, b"0123456789")
        assert cache.get("a") == b"0123456789"

        cache.put("i", b"0123456789")

        assert cache.get("a") is not None
        assert cache.get("b") is None
        assert cache.size == 80

    def test_keeps_nothing_that_would_push_all_else_out(self):
        cache: ByteCache[str] = ByteCache(80)
        cache.put("large", bytes(11))

        assert cache.get("large") is None
        assert cache.size == 0

    def test_a_new_value_replaces_the_old(self):
        cache: ByteCache[str] = ByteCache(80)
        cache.put("a", b"1")
        cache.put("a", b"22")

        assert (cache.get("a"), cache.size) == (b"22", 2)
