/// Kernels that write rows of text.
#pragma once
#include <stddef.h>
#include <stdint.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// Writes v as 16 lower-case hexadecimal digits.
static inline void tw_hexadecimal16(uint8_t *d, uint64_t v) {
#if defined(__SSE2__)
  const __m128i nibble = _mm_set1_epi8(15);
  __m128i x = _mm_cvtsi64_si128((long long)__builtin_bswap64(v));
  __m128i n = _mm_unpacklo_epi8(_mm_and_si128(_mm_srli_epi16(x, 4), nibble), _mm_and_si128(x, nibble));
  __m128i letters = _mm_and_si128(_mm_cmpgt_epi8(n, _mm_set1_epi8(9)), _mm_set1_epi8('a' - '0' - 10));
  _mm_storeu_si128((__m128i *)d, _mm_add_epi8(_mm_add_epi8(n, _mm_set1_epi8('0')), letters));
#else
  for (int i = 0; i < 16; i++) d[i] = (uint8_t)"0123456789abcdef"[v >> (60 - 4 * i) & 15];
#endif
}

/// Copies a field of CSV; not 0 when it needs quotes (RFC 4180). Reads and writes up to 16 bytes past its end.
static inline uint32_t tw_csv_copy(uint8_t *d, const uint8_t *s, size_t n) {
  uint32_t special = 0;
  size_t i = 0;
  for (; __builtin_expect(n - i > 16, 0); i += 16) {
    special |= tw_any16(s + i, '"', ',', '\n', '\r');
    __builtin_memcpy(d + i, s + i, 16);
  }
  __builtin_memcpy(d + i, s + i, 16);
  return special | (tw_any16(s + i, '"', ',', '\n', '\r') & ((1u << (n - i)) - 1));
}

/// Writes three fields of CSV, a comma behind each: `spans` holds their offsets in `bytes` and lengths in turns,
/// UINT32_MAX for an absent field. Returns how many bytes that were; 0 when a field needs quotes: then what lies at
/// `out` is of no use. Reads and writes up to 32 bytes past the end of a field.
size_t tw_csv_fields3(uint8_t *out, const uint8_t *bytes, const uint32_t *spans);

/// Copies n bytes in 16-byte steps, the first without a look at n: reads and writes up to 16 bytes past the end.
static inline void tw_copy_at_least16(uint8_t *d, const uint8_t *s, size_t n) {
  __builtin_memcpy(d, s, 16);
  for (size_t i = 16; __builtin_expect(i < n, 0); i += 16) {
    __builtin_memcpy(d + i, s + i, 16);
    __asm__("" : "+r"(i));
  }
}

/// The same with the first 48 bytes: up to 48 past the end.
static inline void tw_copy_at_least48(uint8_t *d, const uint8_t *s, size_t n) {
  __builtin_memcpy(d, s, 16);
  __builtin_memcpy(d + 16, s + 16, 16);
  __builtin_memcpy(d + 32, s + 32, 16);
  for (size_t i = 48; __builtin_expect(i < n, 0); i += 16) {
    __builtin_memcpy(d + i, s + i, 16);
    __asm__("" : "+r"(i));
  }
}

/// What a URL is made of behind its origin; all 0 where that was not looked for.
struct tw_url {
  /// Where its path ends, and its query, which begins behind a '?' there, if there is one.
  uint32_t path_end, query_end;
  /// Bit i is set where byte i is an '&' of the query or the '?' before it.
  uint64_t parameters;
};

/// Splits a URL of fewer than 64 bytes that begins with the `origin_end` bytes at `origin` (none for bare paths) and then
/// a path. Reads 64 bytes of both.
struct tw_url tw_split_url(const uint8_t *p, size_t n, const uint8_t *origin, size_t origin_end);
