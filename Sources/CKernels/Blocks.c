#include <math.h>
#include <string.h>

#include "Kernels.h"
#include "Pool.h"

static double first_of(int fold) {
  return fold == RV_FOLD_SUM ? 0 : fold == RV_FOLD_MAX ? -INFINITY : INFINITY;
}

static double folded(int fold, double x, double y) {
  if (fold == RV_FOLD_SUM) return x + y;
  // A NaN stays a NaN, as within a block.
  if (x != x || y != y) return NAN;
  if (fold == RV_FOLD_MAX) return y > x ? y : x;
  return y < x ? y : x;
}

static void run_block(const rv_segment *s, rv_frame *own, double *partial, int64_t block) {
  own->sums = partial + s->initialCount;
  for (int k = 0; k < s->initialCount; k++) {
    own->scalars[s->initials[k].scalar] = s->initials[k].value;
  }
  for (int k = 0; k < s->columnsCount; k++) {
    const rv_columns *c = s->columns + k;
    double value = first_of(c->fold);
    for (int64_t i = 0; i < c->count; i++) own->sums[c->first + i] = value;
  }
  int64_t start = block * s->block;
  int64_t end = s->count - start < s->block ? s->count : start + s->block;
  if (s->compiled) {
    s->compiled(own, start, end);
  } else {
    rv_run_range(s, own, start, end);
  }
  for (int k = 0; k < s->initialCount; k++) {
    partial[k] = own->scalars[s->initials[k].scalar];
  }
}

/// Combines what the blocks left, always in their order.
static void finish(const rv_segment *s, const rv_frame *f, double *partials) {
  for (int k = 0; k < s->initialCount; k++) {
    double x = partials[k];
    for (int64_t b = 1; b < s->blockCount; b++) {
      x = folded(s->initials[k].fold, x, partials[b * s->partialCount + k]);
    }
    f->scalars[s->initials[k].scalar] = x;
  }
  for (int k = 0; k < s->columnsCount; k++) {
    const rv_columns *c = s->columns + k;
    double *sums = partials + s->initialCount + c->first;
    for (int64_t b = 1; b < s->blockCount; b++) {
      const double *other = sums + b * s->partialCount;
      for (int64_t i = 0; i < c->count; i++) sums[i] = folded(c->fold, sums[i], other[i]);
    }
    void *to = (char *)f->slots[c->slot] + c->offset;
    if (s->element == RV_F32) {
      for (int64_t i = 0; i < c->count; i++) ((float *)to)[i] = (float)sums[i];
    } else {
      for (int64_t i = 0; i < c->count; i++) ((double *)to)[i] = sums[i];
    }
  }
}

static int is_wanted(const rv_segment *s, const rv_frame *f) {
  return s->guard < 0 || f->scalars[s->guard] != 0;
}

static void run_alone(const rv_segment *s, const rv_frame *f, double *partials) {
  rv_frame own = *f;
  for (int64_t b = 0; b < s->blockCount; b++) {
    run_block(s, &own, partials + b * s->partialCount, b);
  }
  if (s->partialCount > 0) finish(s, f, partials);
}

static int64_t work_of(const rv_segment *s) { return s->count * s->instructionCount; }

/// Where a participant is: the task of its last item, with a frame of its own for it.
typedef struct {
  _Alignas(64) int64_t task;
  rv_frame frame;
} seat;

typedef struct {
  const rv_task *tasks;
  int64_t count;
  const rv_team *team;
  seat seats[RV_MAX_THREADS];
} job;

static int holds(const rv_task *task, int64_t item) {
  return item >= task->firstItem && item < task->firstItem + task->segment->blockCount;
}

static void run_item(void *context, int64_t item, int participant) {
  job *j = context;
  seat *here = &j->seats[participant];
  if (here->task < 0 || !holds(j->tasks + here->task, item)) {
    int64_t low = 0, high = j->count - 1;
    while (low < high) {
      int64_t middle = (low + high + 1) / 2;
      if (j->tasks[middle].firstItem <= item) low = middle; else high = middle - 1;
    }
    const rv_frame *frame = j->tasks[low].frame;
    const rv_scratch *own = j->team->scratch + participant;
    here->task = low;
    here->frame = *frame;
    here->frame.scratch = own->chunks;
    here->frame.cursors = own->cursors;
    here->frame.scalars = own->scalars;
    memcpy(own->scalars, frame->scalars, (size_t)frame->scalarCount * sizeof(double));
  }
  const rv_task *task = j->tasks + here->task;
  const rv_segment *s = task->segment;
  int64_t block = item - task->firstItem;
  run_block(s, &here->frame, task->partials + block * s->partialCount, block);
}

void rv_run_tasks(rv_task *tasks, int64_t count, const rv_team *team) {
  int64_t items = 0, work = 0;
  for (int64_t k = 0; k < count; k++) {
    tasks[k].firstItem = items;
    items += tasks[k].segment->blockCount;
    work += work_of(tasks[k].segment);
  }
  if (team && team->threads > 1 && items > 1 && work >= team->worth) {
    job j = {.tasks = tasks, .count = count, .team = team};
    for (int k = 0; k < team->threads; k++) j.seats[k].task = -1;
    if (rv_pool_run((int)team->threads, items, run_item, &j)) {
      for (int64_t k = 0; k < count; k++) {
        if (tasks[k].segment->partialCount == 0) continue;
        finish(tasks[k].segment, tasks[k].frame, tasks[k].partials);
      }
      return;
    }
  }
  for (int64_t k = 0; k < count; k++) run_alone(tasks[k].segment, tasks[k].frame, tasks[k].partials);
}

void rv_run_segment(
    const rv_segment *s, const rv_frame *f, double *partials, const rv_team *team) {
  if (!is_wanted(s, f)) return;
  if (s->blockCount > 1 && team && team->threads > 1) {
    rv_task task = {s, f, partials, 0};
    rv_run_tasks(&task, 1, team);
  } else {
    run_alone(s, f, partials);
  }
}
