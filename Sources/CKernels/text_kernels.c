#include "include/CKernels.h"
#include <string.h>

#if defined(__x86_64__)
// Which bytes need quotes is looked up by their lower half: no two of '\n', '"', ',' and '\r' share it.
__attribute__((target("avx2,bmi2"))) static size_t csv_fields_avx2(
    uint8_t *out, const uint8_t *bytes, const uint32_t *spans, size_t count) {
  const __m256i table = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(1, 0, '"', 0, 0, 0, 0, 0, 0, 0, '\n', 0, ',', '\r', 0, 0));
  __m256i special = _mm256_setzero_si256();
  uint32_t last = 0;
  uint8_t *o = out;
  for (size_t k = 0; k < count; k++) {
    const uint8_t *p = bytes + spans[2 * k];
    size_t n = spans[2 * k + 1];
    if (n == UINT32_MAX) n = 0;
    for (; n > 32; n -= 32, p += 32, o += 32) {
      __m256i v = _mm256_loadu_si256((const __m256i *)p);
      _mm256_storeu_si256((__m256i *)o, v);
      special = _mm256_or_si256(special, _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, v), v));
    }
    __m256i v = _mm256_loadu_si256((const __m256i *)p);
    _mm256_storeu_si256((__m256i *)o, v);
    __m256i x = _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, v), v);
    last |= _bzhi_u32((uint32_t)_mm256_movemask_epi8(x), (uint32_t)n);
    o += n;
    *o++ = ',';
  }
  return last == 0 && _mm256_testz_si256(special, special) ? (size_t)(o - out) : 0;
}
#endif

size_t tw_csv_fields(uint8_t *out, const uint8_t *bytes, const uint32_t *spans, size_t count) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
    return csv_fields_avx2(out, bytes, spans, count);
#endif
  uint32_t special = 0;
  uint8_t *o = out;
  for (size_t k = 0; k < count; k++) {
    const uint8_t *p = bytes + spans[2 * k];
    size_t n = spans[2 * k + 1];
    if (n == UINT32_MAX) n = 0;
    for (size_t i = 0; i < n; i += 16) {
      uint32_t m = tw_any16(p + i, '"', ',', '\n', '\r');
      special |= n - i < 16 ? m & ((1u << (n - i)) - 1) : m;
      memcpy(o + i, p + i, 16);
    }
    o += n;
    *o++ = ',';
  }
  return special == 0 ? (size_t)(o - out) : 0;
}

#if defined(__x86_64__)
__attribute__((target("avx2,bmi,bmi2"))) static struct tw_url split_url_avx2(
    const uint8_t *p, size_t n, const uint8_t *origin, size_t origin_end) {
  const __m256i low = _mm256_loadu_si256((const __m256i *)p), high = _mm256_loadu_si256((const __m256i *)(p + 32));
#define FIND(x, y) \
  ((uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, x)) | \
   (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, y)) << 32)
#define FIND_BYTE(c) FIND(_mm256_set1_epi8(c), _mm256_set1_epi8(c))
  uint64_t same = FIND(_mm256_loadu_si256((const __m256i *)origin), _mm256_loadu_si256((const __m256i *)(origin + 32)));
  // two slashes at the beginning are no bare path
  if (_bzhi_u64(~same, (uint32_t)origin_end) != 0 || p[origin_end] != '/' || (origin_end == 0 && p[1] == '/'))
    return (struct tw_url){0, 0, 0};
  uint64_t end = 1ull << n, fragments = FIND_BYTE('#') | end, queries = FIND_BYTE('?');
  uint32_t query_end = (uint32_t)_tzcnt_u64(fragments);
  uint32_t path_end = (uint32_t)_tzcnt_u64(fragments | queries);
  uint64_t parameters = _bzhi_u64(FIND_BYTE('&') >> path_end << path_end | (queries & (0 - queries)), query_end);
  return (struct tw_url){path_end, query_end, parameters};
#undef FIND_BYTE
#undef FIND
}
#endif

struct tw_url tw_split_url(const uint8_t *p, size_t n, const uint8_t *origin, size_t origin_end) {
#if defined(__x86_64__)
  if (n < 64 && origin_end < n && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
    return split_url_avx2(p, n, origin, origin_end);
#endif
  return (struct tw_url){0, 0, 0};
}
