/// Scans of slab adjacencies for rank computations.
///
/// Guarantees: the same bits on every machine: sums run in one fixed order and nothing is fused (no FP contraction).
/// A slab's last group of four is padded with a sentinel index whose value is zero, so scans have no tail.
#pragma once
#include <stdint.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

/// Where a vertex's neighbours lie in the arena.
typedef struct { uint32_t offset, degree; } tw_slab;

/// All that a push of residual touches per edge: 16 bytes, a quarter of a cache line.
typedef struct {
  double residual;
  float priority;   // 1 / (out-degree + 4): a push costs about that many edges
  int32_t bucket;   // the queue the vertex waits in, or the number of queues when it waits in none
} tw_rank_record;

/// The sum of values[p[i]] over a slab's neighbours: groups of four in 32 bits, the groups in 64.
/// Reads the degree rounded up to four.
static inline double tw_gather32(const float *values, const uint32_t *p, uint32_t degree) {
  double sum = 0;
  for (uint32_t i = 0; i < degree; i += 4)
    sum += (double)((values[p[i]] + values[p[i + 1]]) + (values[p[i + 2]] + values[p[i + 3]]));
  return sum;
}

/// The first i below degree with p[i] == v, or the degree rounded up to four or more where there is none. Reads the
/// degree rounded up to four; slots past the degree hold no vertex.
static inline uint32_t tw_find(const uint32_t *p, uint32_t degree, uint32_t v) {
#if defined(__SSE2__)
  const __m128i wanted = _mm_set1_epi32((int)v);
  uint32_t i = 0;
  for (; i + 16 <= degree; i += 16) {
    const __m128i *q = (const __m128i *)(p + i);
    __m128i a = _mm_cmpeq_epi32(_mm_loadu_si128(q), wanted), b = _mm_cmpeq_epi32(_mm_loadu_si128(q + 1), wanted);
    __m128i c = _mm_cmpeq_epi32(_mm_loadu_si128(q + 2), wanted), d = _mm_cmpeq_epi32(_mm_loadu_si128(q + 3), wanted);
    uint32_t hits = (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d)));
    if (hits) return i + (uint32_t)__builtin_ctz(hits);
  }
  for (; i < degree; i += 4) {
    uint32_t hits =
        (uint32_t)_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(_mm_loadu_si128((const __m128i *)(p + i)), wanted)));
    if (hits) return i + (uint32_t)__builtin_ctz(hits);
  }
  return i;
#else
  uint32_t i = 0;
#if defined(__ARM_NEON)
  const uint32x4_t wanted = vdupq_n_u32(v);
  for (; i < degree; i += 4)
    if (vmaxvq_u32(vceqq_u32(vld1q_u32(p + i), wanted))) break;
#endif
  while (i < degree && p[i] != v) i++;
  return i;
#endif
}

/// The arrays of a rank computation. Nullable ones are marked.
typedef struct {
  const tw_slab *in_slabs, *out_slabs;
  const uint32_t *in_neighbours;
  const float *in_weights;        // nullable: every edge weighs 1
  const double *out_weights;      // nullable: the out-degree
  const float *teleport;          // nullable: 1 for every vertex
  double damping;
  double *rank;
  tw_rank_record *records;
  float *share32, *fresh32;       // rank per unit of out-weight, and the values of a round not published yet
  double *share64, *fresh64;
  float *change;                  // what the last sweep or pass added to each rank
  int32_t no_bucket;              // the bucket of a vertex that waits in no queue
} tw_rank_arrays;

/// The sums over a range of vertices after a sweep.
typedef struct {
  double change;    // sum of the absolute changes
  double product;   // of each change and that of the sweep before: its ratio to `square` estimates the slowest mode
  double square;    // sum of the squares of the sweep before
} tw_sweep_sums;

/// The sums over a range of vertices after recomputing residuals.
typedef struct {
  double residual;   // sum of |residual|
  double rank;       // sum of ranks
  double rounding;   // in units of 2^-53: a bound of the rounding in the residuals
} tw_residual_sums;

/// The sums over a range of vertices after a pass of residual.
typedef struct {
  double residual;         // sum of |residual|
  double rank;             // sum of ranks
  double rank_magnitude;   // sum of |rank|
  double product;          // of each residual and the one before: its ratio to `square` estimates the slowest mode
  double square;           // sum of the squares of the residuals before
} tw_pass_sums;

/// share32 = rank / out-weight over a range (0 for a vertex without edges out). Returns the in-degrees' sum.
uint64_t tw_rank_shares32(const tw_rank_arrays *a, uint32_t from, uint32_t to);
uint64_t tw_rank_shares64(const tw_rank_arrays *a, uint32_t from, uint32_t to);

/// Recomputes the ranks of a range from the published shares; leaves the new shares in fresh32 (fresh64).
tw_sweep_sums tw_rank_sweep32(const tw_rank_arrays *a, uint32_t from, uint32_t to);
tw_sweep_sums tw_rank_sweep64(const tw_rank_arrays *a, uint32_t from, uint32_t to);

/// rank += factor * change over a range, and the shares that follow.
void tw_rank_extrapolate(const tw_rank_arrays *a, uint32_t from, uint32_t to, double factor, int use64);

/// residual = (1-d) teleport + d A^T rank - rank over a range, from share64; takes the vertices out of the queues.
tw_residual_sums tw_rank_residuals(const tw_rank_arrays *a, uint32_t from, uint32_t to);

/// share32 (share64) = d * residual / out-weight over a range, 0 for a vertex without edges out.
void tw_residual_shares(const tw_rank_arrays *a, uint32_t from, uint32_t to, int use64);

/// Takes the residuals of a range into the ranks and replaces them by what the shares bring: what all vertices pass on
/// along their edges at once. Leaves the new shares in fresh32 (fresh64), the old residuals in `change`, rounded.
/// 32-bit shares are for graphs without weights.
tw_pass_sums tw_residual_pass(const tw_rank_arrays *a, uint32_t from, uint32_t to, int use64);

/// After a pass: rank += factor * old residual, residual += factor * (residual - old one), and the shares that follow.
tw_pass_sums tw_residual_extrapolate(
    const tw_rank_arrays *a, uint32_t from, uint32_t to, double factor, int use64);

/// Tells the processor that the thread waits in a loop; gives the core away after many rounds.
void tw_spin_wait(uint32_t round);
