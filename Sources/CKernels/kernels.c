#include "CKernels.h"
#include <string.h>

#if defined(__x86_64__)
// As many places are written as usual text has stops in 64 bytes, whether or not there are that many: no branch per
// stop, and one per word that seldom changes its way.
#define TW_STOPS_512 __attribute__((target("avx512bw,avx512vl,avx512vbmi2,popcnt")))

/// Writes the places of a word's bits, as bytes of `ascending`, plus `at`; returns how many there are.
TW_STOPS_512 static inline size_t put_stops(uint64_t m, __m512i ascending, __m512i at, uint32_t *out) {
  size_t count = (size_t)_mm_popcnt_u64(m);
  __m512i found = _mm512_maskz_compress_epi8(m, ascending);
  _mm512_storeu_si512(out, _mm512_add_epi32(at, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(found))));
  if (count > 16) {
    _mm512_storeu_si512(out + 16, _mm512_add_epi32(at, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(found, 1))));
    _mm512_storeu_si512(out + 32, _mm512_add_epi32(at, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(found, 2))));
    _mm512_storeu_si512(out + 48, _mm512_add_epi32(at, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(found, 3))));
  }
  return count;
}

TW_STOPS_512 static inline uint64_t stop_bits(__m512i v) {
  __mmask64 other = _mm512_cmpge_epu8_mask(v, _mm512_set1_epi8(0x20));
  other = _mm512_mask_cmpneq_epu8_mask(other, v, _mm512_set1_epi8('"'));
  return ~_mm512_mask_cmpneq_epu8_mask(other, v, _mm512_set1_epi8('\\'));
}

TW_STOPS_512 static struct tw_stops stops_avx512(const uint8_t *p, size_t n, uint32_t base, uint32_t *out) {
  uint8_t bytes[64];
  for (int i = 0; i < 64; i++) bytes[i] = (uint8_t)i;
  const __m512i ascending = _mm512_loadu_si512(bytes);
  __m512i at = _mm512_set1_epi32((int)base), all = _mm512_setzero_si512();
  uint32_t *o = out;
  size_t i = 0, whole = n & ~(size_t)63;
  for (; i < whole; i += 64) {
    __m512i v = _mm512_loadu_si512(p + i);
    all = _mm512_or_si512(all, v);
    o += put_stops(stop_bits(v), ascending, at, o);
    at = _mm512_add_epi32(at, _mm512_set1_epi32(64));
  }
  if (i < n) {
    __m512i v = _mm512_loadu_si512(p + i);
    all = _mm512_or_si512(all, v);
    o += put_stops(stop_bits(v) & ((1ull << (n - i)) - 1), ascending, at, o);
  }
  return (struct tw_stops){(size_t)(o - out), _mm512_movepi8_mask(all) != 0};
}
__attribute__((target("avx2,bmi,popcnt"))) static struct tw_stops stops_avx2(
    const uint8_t *p, size_t n, uint32_t base, uint32_t *out) {
  uint32_t *o = out;
  __m256i all = _mm256_setzero_si256();
  for (size_t i = 0; i < n; i += 64) {
    uint64_t m = 0;
    for (int k = 0; k < 2; k++) {
      __m256i v = _mm256_loadu_si256((const __m256i *)(p + i + 32 * k));
      all = _mm256_or_si256(all, v);
      __m256i x = _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('"')),
                                                  _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\'))),
                                  _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1f)), v));
      m |= (uint64_t)(uint32_t)_mm256_movemask_epi8(x) << (32 * k);
    }
    if (n - i < 64) m &= (1ull << (n - i)) - 1;
    uint32_t at = base + (uint32_t)i;
    size_t count = (size_t)_mm_popcnt_u64(m);
    for (size_t k = 0; k == 0 || k < count; k += 16)
      for (int j = 0; j < 16; j++) { o[k + j] = at + (uint32_t)_tzcnt_u64(m); m = _blsr_u64(m); }
    o += count;
  }
  return (struct tw_stops){(size_t)(o - out), _mm256_movemask_epi8(all) != 0};
}
#endif

struct tw_stops tw_stops(const uint8_t *p, size_t n, uint32_t base, uint32_t *out) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512bw"))
    return stops_avx512(p, n, base, out);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")) return stops_avx2(p, n, base, out);
#endif
  uint32_t *o = out;
  for (size_t i = 0; i < n; i += 16) {
    uint32_t m = tw_stop16(p + i);
    if (n - i < 16) m &= (1u << (n - i)) - 1;
    for (; m; m &= m - 1) *o++ = base + (uint32_t)i + (uint32_t)__builtin_ctz(m);
  }
  return (struct tw_stops){(size_t)(o - out), tw_any_high(p, n)};
}

static inline uint64_t equal64(const uint8_t *p, uint8_t c) {
  uint64_t r = 0;
  for (int k = 0; k < 4; k++) r |= (uint64_t)tw_any16(p + 16 * k, c, c, c, c) << (16 * k);
  return r;
}

static int utf8_valid_scalar(const uint8_t *p, size_t n) {
  size_t i = 0;
  while (i < n) {
    if (n - i >= 16 && tw_high16(p + i) == 0) { i += 16; continue; }
    uint8_t c = p[i];
    if (c < 0x80) { i++; continue; }
    size_t k = c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : 0;
    if (!k || n - i <= k) return 0;
    uint8_t d = p[i + 1];
    if ((d & 0xc0) != 0x80) return 0;
    if ((c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f) || (c == 0xf0 && d < 0x90) || (c == 0xf4 && d > 0x8f))
      return 0;
    for (size_t j = 2; j <= k; j++) if ((p[i + j] & 0xc0) != 0x80) return 0;
    i += k + 1;
  }
  return 1;
}

#if defined(__x86_64__)
// J. Keiser, D. Lemire: Validating UTF-8 in less than one instruction per byte (2021). Each pair of neighbouring bytes
// is looked up by three of its nibbles; a bit that all three tables share is an error of that kind.
__attribute__((target("avx2"))) static int utf8_valid_avx2(const uint8_t *p, size_t n) {
  enum {
    too_short = 1, too_long = 2, overlong3 = 4, too_large = 8, surrogate = 16, overlong2 = 32, too_large_1000 = 64,
    overlong4 = 64, two_conts = 128,
    carry = too_short | too_long | two_conts, large = carry | too_large | too_large_1000,
  };
#define TABLE(...) _mm256_broadcastsi128_si256(_mm_setr_epi8(__VA_ARGS__))
#define C(x) ((char)(x))
  const __m256i first_high = TABLE(
      too_long, too_long, too_long, too_long, too_long, too_long, too_long, too_long, C(two_conts), C(two_conts),
      C(two_conts), C(two_conts), too_short | overlong2, too_short, too_short | overlong3 | surrogate,
      too_short | too_large | too_large_1000 | overlong4);
  const __m256i first_low = TABLE(
      C(carry | overlong3 | overlong2 | overlong4), C(carry | overlong2), C(carry), C(carry), C(carry | too_large),
      C(large), C(large), C(large), C(large), C(large), C(large), C(large), C(large), C(large | surrogate), C(large),
      C(large));
  const __m256i second_high = TABLE(
      too_short, too_short, too_short, too_short, too_short, too_short, too_short, too_short,
      C(too_long | overlong2 | two_conts | overlong3 | too_large_1000 | overlong4),
      C(too_long | overlong2 | two_conts | overlong3 | too_large),
      C(too_long | overlong2 | two_conts | surrogate | too_large),
      C(too_long | overlong2 | two_conts | surrogate | too_large), too_short, too_short, too_short, too_short);
#undef C
#undef TABLE
  const __m256i nibble = _mm256_set1_epi8(15);
  __m256i before = _mm256_setzero_si256(), error = _mm256_setzero_si256();
  // one block more than there are, of zeros: it catches a character that the end cuts off
  for (size_t i = 0; i < n + 32; i += 32) {
    __m256i v;
    if (i + 32 <= n) {
      v = _mm256_loadu_si256((const __m256i *)(p + i));
    } else {
      uint8_t last[32] = {0};
      if (i < n) memcpy(last, p + i, n - i);
      v = _mm256_loadu_si256((const __m256i *)last);
    }
    if (_mm256_movemask_epi8(_mm256_or_si256(v, before)) != 0) {
      __m256i joint = _mm256_permute2x128_si256(before, v, 0x21);
      __m256i back1 = _mm256_alignr_epi8(v, joint, 15);
      __m256i back2 = _mm256_alignr_epi8(v, joint, 14);
      __m256i back3 = _mm256_alignr_epi8(v, joint, 13);
      __m256i pair = _mm256_and_si256(
          _mm256_shuffle_epi8(first_high, _mm256_and_si256(_mm256_srli_epi16(back1, 4), nibble)),
          _mm256_and_si256(_mm256_shuffle_epi8(first_low, _mm256_and_si256(back1, nibble)),
                           _mm256_shuffle_epi8(second_high, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble))));
      __m256i third = _mm256_subs_epu8(back2, _mm256_set1_epi8(0xe0 - 0x80));
      __m256i fourth = _mm256_subs_epu8(back3, _mm256_set1_epi8(0xf0 - 0x80));
      __m256i wanted = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));
      error = _mm256_or_si256(error, _mm256_xor_si256(wanted, pair));
    }
    before = v;
  }
  return _mm256_testz_si256(error, error);
}
#endif

int tw_utf8_valid(const uint8_t *p, size_t n) {
#if defined(__x86_64__)
  if (n >= 64 && __builtin_cpu_supports("avx2")) return utf8_valid_avx2(p, n);
#endif
  return utf8_valid_scalar(p, n);
}

int tw_any_high(const uint8_t *p, size_t n) {
  uint64_t high = 0;
  for (size_t i = 0; i < n; i += 64) {
    uint64_t w[8];
    memcpy(w, p + i, 64);
    high |= w[0] | w[1] | w[2] | w[3] | w[4] | w[5] | w[6] | w[7];
  }
  return (high & 0x8080808080808080ull) != 0;
}

#if defined(__x86_64__)
// Eight positions are written at a time, whether or not there are that many: no branch per position.
__attribute__((target("avx2,bmi,popcnt"))) static size_t positions_avx2(
    const uint8_t *p, size_t n, uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint32_t base, uint32_t *out) {
  __m256i va = _mm256_set1_epi8((char)a), vb = _mm256_set1_epi8((char)b);
  __m256i vc = _mm256_set1_epi8((char)c), vd = _mm256_set1_epi8((char)d);
  uint32_t *o = out;
  for (size_t i = 0; i < n; i += 64) {
    uint64_t m = 0;
    for (int k = 0; k < 2; k++) {
      __m256i v = _mm256_loadu_si256((const __m256i *)(p + i + 32 * k));
      __m256i x = _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(v, va), _mm256_cmpeq_epi8(v, vb)),
                                  _mm256_or_si256(_mm256_cmpeq_epi8(v, vc), _mm256_cmpeq_epi8(v, vd)));
      m |= (uint64_t)(uint32_t)_mm256_movemask_epi8(x) << (32 * k);
    }
    if (n - i < 64) m &= (1ull << (n - i)) - 1;
    uint32_t at = base + (uint32_t)i;
    size_t found = (size_t)_mm_popcnt_u64(m);
    for (size_t k = 0; k < found; k += 8)
      for (int j = 0; j < 8; j++) { o[k + j] = at + (uint32_t)_tzcnt_u64(m); m = _blsr_u64(m); }
    o += found;
  }
  return (size_t)(o - out);
}
#endif

size_t tw_positions(const uint8_t *p, size_t n, uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint32_t base,
                    uint32_t *out) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))
    return positions_avx2(p, n, a, b, c, d, base, out);
#endif
  uint32_t *o = out;
  for (size_t i = 0; i < n; i += 16) {
    uint32_t m = tw_any16(p + i, a, b, c, d);
    if (n - i < 16) m &= (1u << (n - i)) - 1;
    for (; m; m &= m - 1) *o++ = base + (uint32_t)i + (uint32_t)__builtin_ctz(m);
  }
  return (size_t)(o - out);
}

size_t tw_even_quote_lines(const uint8_t *p, size_t n) {
  size_t best = 0;
  uint64_t inside = 0;  // all ones while the quotes before this word are odd in number
  for (size_t i = 0; i < n; i += 64) {
    uint64_t live = n - i >= 64 ? ~0ull : (1ull << (n - i)) - 1;
    uint64_t q = equal64(p + i, '"') & live, x = q;
    x ^= x << 1; x ^= x << 2; x ^= x << 4; x ^= x << 8; x ^= x << 16; x ^= x << 32;  // prefix parity
    x ^= inside;
    uint64_t newline = equal64(p + i, '\n') & live, odd = newline & x;
    if (odd) newline &= (odd & (0 - odd)) - 1;
    if (newline) best = i + 64 - (size_t)__builtin_clzll(newline);
    if (odd) return best;
    if (__builtin_popcountll(q) & 1) inside = ~inside;
  }
  return best;
}
