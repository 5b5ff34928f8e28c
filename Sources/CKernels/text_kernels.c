#include "include/CKernels.h"
#include <string.h>

#if defined(__x86_64__)
struct csv_line {
  uint8_t *out;
  __m256i special;
  uint32_t last;
};

// Which bytes need quotes is looked up by their lower half: no two of '\n', '"', ',' and '\r' share it.
__attribute__((target("avx2,bmi2"), always_inline)) static inline struct csv_line csv_field_avx2(
    struct csv_line l, const uint8_t *bytes, const uint32_t *span) {
  const __m256i table = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(1, 0, '"', 0, 0, 0, 0, 0, 0, 0, '\n', 0, ',', '\r', 0, 0));
  const uint8_t *p = bytes + span[0];
  size_t n = span[1] == UINT32_MAX ? 0 : span[1];
#pragma clang loop unroll(disable)
  for (; n > 32; n -= 32, p += 32, l.out += 32) {
    __m256i v = _mm256_loadu_si256((const __m256i *)p);
    _mm256_storeu_si256((__m256i *)l.out, v);
    l.special = _mm256_or_si256(l.special, _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, v), v));
  }
  __m256i v = _mm256_loadu_si256((const __m256i *)p);
  _mm256_storeu_si256((__m256i *)l.out, v);
  __m256i x = _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, v), v);
  l.last |= _bzhi_u32((uint32_t)_mm256_movemask_epi8(x), (uint32_t)n);
  l.out += n;
  *l.out++ = ',';
  return l;
}

__attribute__((target("avx2,bmi2"))) static size_t csv_fields3_avx2(
    uint8_t *out, const uint8_t *bytes, const uint32_t *spans) {
  struct csv_line l = {out, _mm256_setzero_si256(), 0};
  // each field has branches of its own: they are alike from row to row
  l = csv_field_avx2(l, bytes, spans);
  l = csv_field_avx2(l, bytes, spans + 2);
  l = csv_field_avx2(l, bytes, spans + 4);
  return l.last == 0 && _mm256_testz_si256(l.special, l.special) ? (size_t)(l.out - out) : 0;
}
#endif

size_t tw_csv_fields3(uint8_t *out, const uint8_t *bytes, const uint32_t *spans) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) return csv_fields3_avx2(out, bytes, spans);
#endif
  uint32_t special = 0;
  uint8_t *o = out;
  for (size_t k = 0; k < 3; k++) {
    const uint8_t *p = bytes + spans[2 * k];
    size_t n = spans[2 * k + 1] == UINT32_MAX ? 0 : spans[2 * k + 1];
    special |= tw_csv_copy(o, p, n);
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
  // marks are looked up by their lower half
  const __m256i table = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(1, 0, 0, '#', 0, 0, '&', 0, 0, 0, 0, 0, 0, 0, 0, '?'));
  uint64_t same = FIND(_mm256_loadu_si256((const __m256i *)origin), _mm256_loadu_si256((const __m256i *)(origin + 32)));
  // two slashes at the beginning are no bare path
  if (_bzhi_u64(~same, (uint32_t)origin_end) != 0 || p[origin_end] != '/' || (origin_end == 0 && p[1] == '/'))
    return (struct tw_url){0, 0, 0};
  uint64_t marks = _bzhi_u64(FIND(_mm256_shuffle_epi8(table, low), _mm256_shuffle_epi8(table, high)), (uint32_t)n);
  uint64_t first = _tzcnt_u64(marks | 1ull << n);
  // a path and at most one parameter
  if (_blsr_u64(marks) == 0 && (marks == 0 || p[first] == '?'))
    return (struct tw_url){(uint32_t)first, (uint32_t)n, marks};
  uint64_t end = 1ull << n, fragments = FIND_BYTE('#') | end, queries = FIND_BYTE('?');
  uint32_t query_end = (uint32_t)_tzcnt_u64(fragments);
  uint32_t path_end = (uint32_t)_tzcnt_u64(fragments | queries);
  uint64_t parameters = _bzhi_u64(FIND_BYTE('&') >> path_end << path_end | (queries & (0 - queries)), query_end);
  return (struct tw_url){path_end, query_end, parameters};
#undef FIND_BYTE
#undef FIND
}
#endif

// Kept out of line: its registers would be saved where they are not needed.
__attribute__((noinline)) static struct tw_url split_url(
    const uint8_t *p, size_t n, const uint8_t *origin, size_t origin_end) {
  if (memcmp(p, origin, origin_end) != 0 || p[origin_end] != '/' || (origin_end == 0 && p[1] == '/'))
    return (struct tw_url){0, 0, 0};
  size_t i = origin_end;
  while (i < n && p[i] != '?' && p[i] != '#') i++;
  struct tw_url url = {(uint32_t)i, (uint32_t)i, 0};
  if (i == n || p[i] == '#') return url;
  url.parameters = 1ull << i;
  for (; i < n && p[i] != '#'; i++) url.parameters |= (uint64_t)(p[i] == '&') << i;
  url.query_end = (uint32_t)i;
  return url;
}

struct tw_url tw_split_url(const uint8_t *p, size_t n, const uint8_t *origin, size_t origin_end) {
  if (n >= 64 || origin_end >= n) return (struct tw_url){0, 0, 0};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
    __attribute__((musttail)) return split_url_avx2(p, n, origin, origin_end);
#endif
  return split_url(p, n, origin, origin_end);
}
