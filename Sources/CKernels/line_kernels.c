#include "CKernels.h"
#include <string.h>

typedef uint64_t words __attribute__((vector_size(16)));

static inline words words_at(const uint8_t *p) {
  words w;
  memcpy(&w, p, 16);
  return w;
}

/// The place of a literal that begins neither at the line's start nor at a stop. Of a line that has not the layout it
/// may lie before the line, even before the text.
static inline size_t other_place(const tw_layout *layout, size_t i, const uint32_t *stops, size_t line_start) {
  ptrdiff_t at = (ptrdiff_t)stops[layout->stops[i]] + layout->deltas[i];
  return at < (ptrdiff_t)line_start ? line_start : (size_t)at;
}

/// The bits in which the text at p differs from literal i.
static inline words difference(const tw_layout *layout, size_t i, const uint8_t *p) {
  return (words_at(p) ^ words_at(layout->bytes + 16 * i)) & words_at(layout->masks + 16 * i);
}

/// Whether a line has all of a layout's literals. All are compared, whatever the first says: no branch for each.
static inline int has_all(const tw_layout *layout, const uint8_t *text, const uint32_t *stops, size_t line_start) {
  words d = difference(layout, 0, text + line_start);
  size_t i = 1;
  for (; i < layout->texts_end; i++) d |= difference(layout, i, text + stops[layout->stops[i]]);
  for (; i < layout->literal_count; i++)
    d |= difference(layout, i, text + other_place(layout, i, stops, line_start));
  return (d[0] | d[1]) == 0;
}

/// Fills the row of a line.
static inline void put_spans(const tw_layout *layout, const uint32_t *stops, tw_span *row) {
  for (uint32_t left = layout->fields; left; left &= left - 1) {
    int i = __builtin_ctz(left);
    uint32_t from = stops[layout->ends[2 * i]] + (uint32_t)layout->delta[2 * i];
    uint32_t to = stops[layout->ends[2 * i + 1]] + (uint32_t)layout->delta[2 * i + 1];
    row[i] = (tw_span){from, to - from};
  }
}

size_t tw_take_lines_plain(const tw_layout *layout, const uint8_t *text, const uint32_t *stops, size_t stop_count,
                           size_t line_start, size_t bytes_max, size_t lines_max, tw_span *rows) {
  // a copy, which no store to the rows can change
  const tw_layout l = *layout;
  size_t n = 0;
  for (; n < lines_max && stop_count >= l.stop_count; n++, rows += 8) {
    size_t line_end = stops[l.stop_count - 1];
    if (line_end - line_start > bytes_max || !has_all(&l, text, stops, line_start)) break;
    put_spans(&l, stops, rows);
    line_start = line_end + 1;
    stops += l.stop_count;
    stop_count -= l.stop_count;
  }
  return n;
}

#if defined(__x86_64__)
#define TW_AVX2 __attribute__((target("avx2,bmi")))
#define TW_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,bmi")))

/// As has_all, two literals at a time.
TW_AVX2 static inline int has_all_avx2(
    const tw_layout *layout, const uint8_t *text, const uint32_t *stops, size_t line_start) {
  __m256i d = _mm256_zextsi128_si256((__m128i)difference(layout, 0, text + line_start));
  size_t i = 1;
  for (; i < layout->texts_end; i += 2) {
    __m256i v = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(text + stops[layout->stops[i]])));
    v = _mm256_inserti128_si256(v, _mm_loadu_si128((const __m128i *)(text + stops[layout->stops[i + 1]])), 1);
    v = _mm256_xor_si256(v, _mm256_loadu_si256((const __m256i *)(layout->bytes + 16 * i)));
    d = _mm256_or_si256(d, _mm256_and_si256(v, _mm256_loadu_si256((const __m256i *)(layout->masks + 16 * i))));
  }
  for (; i < layout->literal_count; i++) {
    words other = difference(layout, i, text + other_place(layout, i, stops, line_start));
    d = _mm256_or_si256(d, _mm256_zextsi128_si256((__m128i)other));
  }
  return _mm256_testz_si256(d, d);
}

TW_AVX2 static size_t take_lines_avx2(
    const tw_layout *layout, const uint8_t *text, const uint32_t *stops, size_t stop_count, size_t line_start,
    size_t bytes_max, size_t lines_max, tw_span *rows) {
  const tw_layout l = *layout;
  size_t n = 0;
  for (; n < lines_max && stop_count >= l.stop_count; n++, rows += 8) {
    size_t line_end = stops[l.stop_count - 1];
    if (line_end - line_start > bytes_max || !has_all_avx2(&l, text, stops, line_start)) break;
    put_spans(&l, stops, rows);
    line_start = line_end + 1;
    stops += l.stop_count;
    stop_count -= l.stop_count;
  }
  return n;
}

// The places of all fields are looked up at once among the line's stops, which two registers hold.
TW_AVX512 static size_t take_lines_avx512(
    const tw_layout *layout, const uint8_t *text, const uint32_t *stops, size_t stop_count, size_t line_start,
    size_t bytes_max, size_t lines_max, tw_span *rows) {
  const tw_layout l = *layout;
  const __m512i ends = _mm512_loadu_si512(l.ends), delta = _mm512_loadu_si512(l.delta);
  size_t n = 0;
  for (; n < lines_max && stop_count >= l.stop_count; n++, rows += 8) {
    size_t line_end = stops[l.stop_count - 1];
    if (line_end - line_start > bytes_max || !has_all_avx2(&l, text, stops, line_start)) break;
    __m512i places = _mm512_permutex2var_epi32(_mm512_loadu_si512(stops), ends, _mm512_loadu_si512(stops + 16));
    places = _mm512_add_epi32(places, delta);
    // (from, to) becomes (from, to - from)
    __m512i spans = _mm512_sub_epi32(places, _mm512_slli_epi64(places, 32));
    _mm512_mask_storeu_epi64(rows, l.fields, spans);
    line_start = line_end + 1;
    stops += l.stop_count;
    stop_count -= l.stop_count;
  }
  return n;
}
#endif

size_t tw_take_lines(const tw_layout *layout, const uint8_t *text, const uint32_t *stops, size_t stop_count,
                     size_t line_start, size_t bytes_max, size_t lines_max, tw_span *rows) {
#if defined(__x86_64__)
  if (layout->stop_count <= 32 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
    return take_lines_avx512(layout, text, stops, stop_count, line_start, bytes_max, lines_max, rows);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))
    return take_lines_avx2(layout, text, stops, stop_count, line_start, bytes_max, lines_max, rows);
#endif
  return tw_take_lines_plain(layout, text, stops, stop_count, line_start, bytes_max, lines_max, rows);
}
