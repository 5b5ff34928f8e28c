#include "CKernels.h"
#include <string.h>

#if defined(__x86_64__)
__attribute__((target("avx512bw"))) static void stop_bitmap_avx512(const uint8_t *p, size_t n, uint64_t *out) {
  for (size_t i = 0; i < n; i += 64) {
    __m512i v = _mm512_loadu_si512(p + i);
    *out++ = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('"')) | _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\\'))
           | _mm512_cmplt_epu8_mask(v, _mm512_set1_epi8(0x20));
  }
}
__attribute__((target("avx2"))) static void stop_bitmap_avx2(const uint8_t *p, size_t n, uint64_t *out) {
  for (size_t i = 0; i < n; i += 64) {
    uint64_t r = 0;
    for (int k = 0; k < 2; k++) {
      __m256i v = _mm256_loadu_si256((const __m256i *)(p + i + 32 * k));
      __m256i m = _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('"')),
                                                  _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\'))),
                                  _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1f)), v));
      r |= (uint64_t)(uint32_t)_mm256_movemask_epi8(m) << (32 * k);
    }
    *out++ = r;
  }
}
#endif

void tw_stop_bitmap(const uint8_t *p, size_t n, uint64_t *out) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw")) { stop_bitmap_avx512(p, n, out); return; }
  if (__builtin_cpu_supports("avx2")) { stop_bitmap_avx2(p, n, out); return; }
#endif
  for (size_t i = 0; i < n; i += 64)
    *out++ = (uint64_t)tw_stop16(p + i) | (uint64_t)tw_stop16(p + i + 16) << 16
           | (uint64_t)tw_stop16(p + i + 32) << 32 | (uint64_t)tw_stop16(p + i + 48) << 48;
}

static inline uint64_t equal64(const uint8_t *p, uint8_t c) {
  uint64_t r = 0;
  for (int k = 0; k < 4; k++) r |= (uint64_t)tw_any16(p + 16 * k, c, c, c, c) << (16 * k);
  return r;
}

size_t tw_record_prefix(const uint8_t *p, size_t n) {
  if (!n) return 0;
  if (!memchr(p, '"', n)) {
    for (size_t i = n; i > 0; i--) if (p[i - 1] == '\n') return i;
    return 0;
  }
  size_t best = 0;
  uint64_t inside = 0;  // all ones while inside quotes at the start of a word
  for (size_t i = 0; i < n; i += 64) {
    uint64_t live = n - i >= 64 ? ~0ull : (1ull << (n - i)) - 1;
    uint64_t q = equal64(p + i, '"') & live, x = q;
    x ^= x << 1; x ^= x << 2; x ^= x << 4; x ^= x << 8; x ^= x << 16; x ^= x << 32;  // prefix parity
    uint64_t newline = equal64(p + i, '\n') & live & ~(x ^ inside);
    if (newline) best = i + 64 - (size_t)__builtin_clzll(newline);
    if (__builtin_popcountll(q) & 1) inside = ~inside;
  }
  return best;
}

size_t tw_count(const uint8_t *p, size_t n, uint8_t c) {
  size_t k = 0;
  for (size_t i = 0; i < n; i++) k += p[i] == c;
  return k;
}

int tw_utf8_valid(const uint8_t *p, size_t n) {
  size_t i = 0;
  while (i < n) {
    if (n - i >= 16 && tw_high16(p + i) == 0) { i += 16; continue; }
    uint8_t c = p[i];
    if (c < 0x80) { i++; continue; }
    size_t k = c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : 0;
    if (!k || n - i <= k) return 0;
    uint8_t d = p[i + 1];
    if ((d & 0xc0) != 0x80) return 0;
    if ((c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f) || (c == 0xf0 && d < 0x90) || (c == 0xf4 && d > 0x8f)) return 0;
    for (size_t j = 2; j <= k; j++) if ((p[i + j] & 0xc0) != 0x80) return 0;
    i += k + 1;
  }
  return 1;
}
