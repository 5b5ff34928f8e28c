/// Byte kernels that Swift cannot express well today (movemask, vector compares with run-time dispatch).
/// The `static inline` ones are compiled by clang straight into the calling Swift module: no call.
/// Every function that reads in 16- or 64-byte steps says how far past the end it may read;
/// block buffers therefore keep `blockPadding` readable bytes after their data.
#pragma once
#include "graph_kernels.h"
#include <stddef.h>
#include <stdint.h>
#include "files.h"
#include "line_kernels.h"
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

/// Bit i is set when p[i] is '"', '\\' or a control byte (< 0x20). Reads 16 bytes.
static inline uint32_t tw_stop16(const uint8_t *p) {
#if defined(__SSE2__)
  __m128i v = _mm_loadu_si128((const __m128i *)p);
  __m128i q = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
  __m128i b = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
  __m128i c = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
  return (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(q, b), c));
#else
  uint32_t m = 0;
  for (int i = 0; i < 16; i++) m |= (uint32_t)(p[i] == '"' || p[i] == '\\' || p[i] < 0x20) << i;
  return m;
#endif
}

/// Bit i is set when p[i] equals a, b, c or d. Reads 16 bytes.
static inline uint32_t tw_any16(const uint8_t *p, uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
#if defined(__SSE2__)
  __m128i v = _mm_loadu_si128((const __m128i *)p);
  __m128i x = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8((char)a)), _mm_cmpeq_epi8(v, _mm_set1_epi8((char)b)));
  __m128i y = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8((char)c)), _mm_cmpeq_epi8(v, _mm_set1_epi8((char)d)));
  return (uint32_t)_mm_movemask_epi8(_mm_or_si128(x, y));
#else
  uint32_t m = 0;
  for (int i = 0; i < 16; i++) m |= (uint32_t)(p[i] == a || p[i] == b || p[i] == c || p[i] == d) << i;
  return m;
#endif
}

/// Bit i is set when p[i] has its high bit set (not ASCII). Reads 16 bytes.
static inline uint32_t tw_high16(const uint8_t *p) {
#if defined(__SSE2__)
  return (uint32_t)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)p));
#else
  uint32_t m = 0;
  for (int i = 0; i < 16; i++) m |= (uint32_t)(p[i] >> 7) << i;
  return m;
#endif
}

/// Do the bytes at p equal literal wherever `need` has a bit? Up to 32 bytes; literal holds 32. Reads up to 32 bytes.
static inline int tw_match(const uint8_t *p, const uint8_t *literal, uint32_t need) {
#if defined(__SSE2__)
  uint32_t m = (uint32_t)_mm_movemask_epi8(
      _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)p), _mm_loadu_si128((const __m128i *)literal)));
  if (__builtin_expect(need > 0xffff, 0))
    m |= (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(p + 16)),
                                                    _mm_loadu_si128((const __m128i *)(literal + 16)))) << 16;
  return (m & need) == need;
#else
  for (int i = 0; i < 32 && need >> i; i++) if (((need >> i) & 1) && p[i] != literal[i]) return 0;
  return 1;
#endif
}

/// Do the first 16 bytes at p equal literal's wherever `need` has a bit? Reads 16 bytes of both.
static inline int tw_match16(const uint8_t *p, const uint8_t *literal, uint32_t need) {
#if defined(__SSE2__)
  uint32_t m = (uint32_t)_mm_movemask_epi8(
      _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)p), _mm_loadu_si128((const __m128i *)literal)));
  return (~m & need) == 0;
#else
  return tw_match(p, literal, need & 0xffff);
#endif
}

static const uint8_t tw_ones_and_zeros[32] = {
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
};

/// The first n of 16 bytes set: the mask's first 8 bytes, and its last. Without a branch, for lengths nobody can
/// foresee. n is 0 to 16.
static inline uint64_t tw_mask_low(ptrdiff_t n) {
  uint64_t m;
  __builtin_memcpy(&m, tw_ones_and_zeros + 16 - n, 8);
  return m;
}
static inline uint64_t tw_mask_high(ptrdiff_t n) {
  uint64_t m;
  __builtin_memcpy(&m, tw_ones_and_zeros + 24 - n, 8);
  return m;
}

/// Copies n bytes in 16-byte steps: reads and writes up to 15 bytes past the end.
/// The empty asm keeps LLVM from turning the loop back into a call to memcpy.
static inline void tw_copy16(uint8_t *d, const uint8_t *s, size_t n) {
  for (size_t i = 0; i < n; i += 16) { __builtin_memcpy(d + i, s + i, 16); __asm__("" : "+r"(i)); }
}

/// Copies n bytes in 8-byte steps: reads and writes up to 7 bytes past the end.
static inline void tw_copy8(uint8_t *d, const uint8_t *s, size_t n) {
  for (size_t i = 0; i < n; i += 8) { __builtin_memcpy(d + i, s + i, 8); __asm__("" : "+r"(i)); }
}

/// Copies n bytes, at least 16, in 16-byte steps: neither reads nor writes past the end.
static inline __attribute__((always_inline)) void tw_copy16_exact(uint8_t *d, const uint8_t *s, size_t n) {
  for (size_t i = 0; i + 16 < n; i += 16) { __builtin_memcpy(d + i, s + i, 16); __asm__("" : "+r"(i)); }
  __builtin_memcpy(d + n - 16, s + n - 16, 16);
}

/// Asks for the cache line of p, to be written soon. Never faults.
static inline void tw_prefetch(const void *p) { __builtin_prefetch(p, 1, 3); }

/// Is v among the 4 values at p? (Swift's SIMD compare with any() becomes a loop through the stack.)
static inline int tw_has4(const uint32_t *p, uint32_t v) {
#if defined(__SSE2__)
  return _mm_movemask_epi8(_mm_cmpeq_epi32(_mm_loadu_si128((const __m128i *)p), _mm_set1_epi32((int)v)));
#else
  return (p[0] == v) | (p[1] == v) | (p[2] == v) | (p[3] == v);
#endif
}

/// Bit i is set when the i-th of the 16 values at p is v.
static inline __attribute__((always_inline)) uint32_t tw_equal16(const uint32_t *p, uint32_t v) {
#if defined(__SSE2__)
  const __m128i *q = (const __m128i *)p;
  __m128i x = _mm_set1_epi32((int)v);
  __m128i a = _mm_packs_epi32(_mm_cmpeq_epi32(_mm_loadu_si128(q), x), _mm_cmpeq_epi32(_mm_loadu_si128(q + 1), x));
  __m128i b = _mm_packs_epi32(_mm_cmpeq_epi32(_mm_loadu_si128(q + 2), x), _mm_cmpeq_epi32(_mm_loadu_si128(q + 3), x));
  return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(a, b));
#else
  uint32_t m = 0;
  for (int i = 0; i < 16; i++) m |= (uint32_t)(p[i] == v) << i;
  return m;
#endif
}

/// What ``tw_stops`` found.
struct tw_stops {
  size_t count;
  /// Whether some byte is not ASCII (bytes past the end may make it say yes).
  int any_high;
};

/// Writes the positions (plus `base`) of the stops of p[0..<n], which are '"', '\\' and control bytes, in order.
/// Reads n rounded up to 64 bytes; `out` needs room for 64 entries more than there are stops.
struct tw_stops tw_stops(const uint8_t *p, size_t n, uint32_t base, uint32_t *out);

/// Is p[0..<n] well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong, at most U+10FFFF)?
int tw_utf8_valid(const uint8_t *p, size_t n);

/// Is any byte of p[0..<n] not ASCII? Reads n rounded up to 64 bytes (bytes past n may make it say yes).
int tw_any_high(const uint8_t *p, size_t n);

/// Writes the positions (plus `base`) of every byte of p[0..<n] that equals a, b, c or d, in order; returns how many.
/// Reads n rounded up to 64 bytes; `out` needs room for 8 entries more than there are positions.
size_t tw_positions(const uint8_t *p, size_t n, uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint32_t base,
                    uint32_t *out);

/// Length of the longest prefix of p[0..<n] made of whole lines that each hold an even number of double quotes;
/// stops before the first line that holds an odd number. Reads n rounded up to 64 bytes.
size_t tw_even_quote_lines(const uint8_t *p, size_t n);

#include "text_kernels.h"
