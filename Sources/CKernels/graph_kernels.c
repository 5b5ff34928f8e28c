#include "CKernels.h"
#include <math.h>
#include <sched.h>
#include <stddef.h>

#pragma STDC FP_CONTRACT OFF

static inline double gather64(const double *c, const uint32_t *p, uint32_t degree) {
  double sum = 0;
  for (uint32_t i = 0; i < degree; i += 4) sum += (c[p[i]] + c[p[i + 1]]) + (c[p[i + 2]] + c[p[i + 3]]);
  return sum;
}

static inline double gather_weighted32(const float *c, const uint32_t *p, const float *w, uint32_t degree) {
  double sum = 0;  // unused slots weigh whatever they may: their share is zero, so weights there must be finite
  for (uint32_t i = 0; i < degree; i += 4)
    sum += (double)((c[p[i]] * w[i] + c[p[i + 1]] * w[i + 1]) + (c[p[i + 2]] * w[i + 2] + c[p[i + 3]] * w[i + 3]));
  return sum;
}

static inline double gather_weighted64(const double *c, const uint32_t *p, const float *w, uint32_t degree) {
  double sum = 0;
  for (uint32_t i = 0; i < degree; i += 4)
    sum += (c[p[i]] * w[i] + c[p[i + 1]] * w[i + 1]) + (c[p[i + 2]] * w[i + 2] + c[p[i + 3]] * w[i + 3]);
  return sum;
}

static inline double out_weight(const tw_rank_arrays *a, uint32_t v) {
  return a->out_weights ? a->out_weights[v] : (double)a->out_slabs[v].degree;
}

static inline double teleport(const tw_rank_arrays *a, uint32_t v, double base) {
  return a->teleport ? base * (double)a->teleport[v] : base;
}

uint64_t tw_rank_shares32(const tw_rank_arrays *a, uint32_t from, uint32_t to) {
  uint64_t slots = 0;
  for (uint32_t v = from; v < to; v++) {
    double k = out_weight(a, v);
    a->share32[v] = a->out_slabs[v].degree ? (float)(a->rank[v] / k) : 0.f;
    slots += a->in_slabs[v].degree;
  }
  return slots;
}

uint64_t tw_rank_shares64(const tw_rank_arrays *a, uint32_t from, uint32_t to) {
  uint64_t slots = 0;
  for (uint32_t v = from; v < to; v++) {
    double k = out_weight(a, v);
    a->share64[v] = a->out_slabs[v].degree ? a->rank[v] / k : 0;
    slots += a->in_slabs[v].degree;
  }
  return slots;
}

/// Puts a vertex's new rank in its place and adds its change to the sums, in 32 and in 64 bits alike.
static inline void put_rank(const tw_rank_arrays *a, uint32_t v, double rank, tw_sweep_sums *sums) {
  double d = rank - a->rank[v];
  double before = (double)a->change[v];
  sums->change += fabs(d);
  sums->product += d * before;
  sums->square += before * before;
  a->rank[v] = rank;
  a->change[v] = (float)d;
}

tw_sweep_sums tw_rank_sweep32(const tw_rank_arrays *arrays, uint32_t from, uint32_t to) {
  const tw_rank_arrays a = *arrays;
  double base = 1 - a.damping;
  tw_sweep_sums sums = {0, 0, 0};
  for (uint32_t v = from; v < to; v++) {
    tw_slab in = a.in_slabs[v];
    const uint32_t *p = a.in_neighbours + in.offset;
    double sum = a.in_weights ? gather_weighted32(a.share32, p, a.in_weights + in.offset, in.degree)
                              : tw_gather32(a.share32, p, in.degree);
    double rank = teleport(&a, v, base) + a.damping * sum;
    put_rank(&a, v, rank, &sums);
    uint32_t degree = a.out_slabs[v].degree;
    float k = a.out_weights ? (float)a.out_weights[v] : (float)degree;
    a.fresh32[v] = degree ? (float)rank / k : 0.f;
  }
  return sums;
}

tw_sweep_sums tw_rank_sweep64(const tw_rank_arrays *arrays, uint32_t from, uint32_t to) {
  const tw_rank_arrays a = *arrays;
  double base = 1 - a.damping;
  tw_sweep_sums sums = {0, 0, 0};
  for (uint32_t v = from; v < to; v++) {
    tw_slab in = a.in_slabs[v];
    const uint32_t *p = a.in_neighbours + in.offset;
    double sum = a.in_weights ? gather_weighted64(a.share64, p, a.in_weights + in.offset, in.degree)
                              : gather64(a.share64, p, in.degree);
    double rank = teleport(&a, v, base) + a.damping * sum;
    put_rank(&a, v, rank, &sums);
    double k = out_weight(&a, v);
    a.fresh64[v] = a.out_slabs[v].degree ? rank / k : 0;
  }
  return sums;
}

void tw_rank_extrapolate(const tw_rank_arrays *a, uint32_t from, uint32_t to, double factor, int use64) {
  for (uint32_t v = from; v < to; v++) a->rank[v] += factor * (double)a->change[v];
  if (use64) tw_rank_shares64(a, from, to);
  else tw_rank_shares32(a, from, to);
}

tw_residual_sums tw_rank_residuals(const tw_rank_arrays *arrays, uint32_t from, uint32_t to) {
  const tw_rank_arrays a = *arrays;
  double base = 1 - a.damping;
  tw_residual_sums sums = {0, 0, 0};
  for (uint32_t v = from; v < to; v++) {
    tw_slab in = a.in_slabs[v];
    const uint32_t *p = a.in_neighbours + in.offset;
    double sum = a.in_weights ? gather_weighted64(a.share64, p, a.in_weights + in.offset, in.degree)
                              : gather64(a.share64, p, in.degree);
    double x = a.rank[v], wanted = teleport(&a, v, base) + a.damping * sum, r = wanted - x;
    a.records[v].residual = r;
    a.records[v].bucket = a.no_bucket;
    sums.residual += fabs(r);
    sums.rank += x;
    // one rounding per group of four, three inside a group, one per product, quotient and sum after
    sums.rounding += (double)(in.degree / 4 + 10) * (fabs(wanted) + fabs(x));
    // sums of weights are kept with at most that many roundings
    if (a.out_weights) sums.rounding += 4 * (double)(a.out_slabs[v].degree + 16) * fabs(x);
  }
  return sums;
}

static inline void residual_shares(const tw_rank_arrays *a, uint32_t from, uint32_t to, int use64) {
  for (uint32_t v = from; v < to; v++) {
    double share = a->out_slabs[v].degree ? a->damping * a->records[v].residual / out_weight(a, v) : 0;
    if (use64) a->share64[v] = share;
    else a->share32[v] = (float)share;
  }
}

void tw_residual_shares(const tw_rank_arrays *arrays, uint32_t from, uint32_t to, int use64) {
  const tw_rank_arrays a = *arrays;
  if (use64) residual_shares(&a, from, to, 1);
  else residual_shares(&a, from, to, 0);
}

static inline tw_pass_sums residual_pass(const tw_rank_arrays *arrays, uint32_t from, uint32_t to, int use64) {
  const tw_rank_arrays a = *arrays;
  tw_pass_sums sums = {0, 0, 0, 0, 0};
  for (uint32_t v = from; v < to; v++) {
    tw_slab in = a.in_slabs[v];
    const uint32_t *p = a.in_neighbours + in.offset;
    double new = !use64          ? tw_gather32(a.share32, p, in.degree)
                 : a.in_weights ? gather_weighted64(a.share64, p, a.in_weights + in.offset, in.degree)
                                : gather64(a.share64, p, in.degree);
    double old = a.records[v].residual, rank = a.rank[v] + old;
    a.records[v].residual = new;
    a.records[v].bucket = a.no_bucket;
    a.rank[v] = rank;
    a.change[v] = (float)old;
    double share = a.out_slabs[v].degree ? a.damping * new / out_weight(&a, v) : 0;
    if (use64) a.fresh64[v] = share;
    else a.fresh32[v] = (float)share;
    sums.residual += fabs(new);
    sums.rank += rank;
    sums.rank_magnitude += fabs(rank);
    sums.product += new * old;
    sums.square += old * old;
  }
  return sums;
}

tw_pass_sums tw_residual_pass(const tw_rank_arrays *a, uint32_t from, uint32_t to, int use64) {
  return use64 ? residual_pass(a, from, to, 1) : residual_pass(a, from, to, 0);
}

tw_pass_sums tw_residual_extrapolate(
    const tw_rank_arrays *arrays, uint32_t from, uint32_t to, double factor, int use64) {
  const tw_rank_arrays a = *arrays;
  tw_pass_sums sums = {0, 0, 0, 0, 0};
  for (uint32_t v = from; v < to; v++) {
    double old = (double)a.change[v], rank = a.rank[v] + factor * old;
    double r = (1 + factor) * a.records[v].residual - factor * old;
    a.records[v].residual = r;
    a.rank[v] = rank;
    sums.residual += fabs(r);
    sums.rank += rank;
    sums.rank_magnitude += fabs(rank);
  }
  tw_residual_shares(arrays, from, to, use64);
  return sums;
}

void tw_spin_wait(uint32_t round) {
  if (round > 300) {
    sched_yield();
    return;
  }
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
