// A step as a custom call of XLA, for JAX on the processor: pointers of XLA's buffers into `ravine_program_step`.
//
// Operands: the count of steps (S32), a row of hyperparameters (F32 or F64; NaN for what the rule says), the loss (F32 or
// F64), then of each tensor the parameter, of each the gradient, then the entries of `memory`. Results: the count, the
// parameters, and the entries of `memory` that are states or views, each in its operand's place where XLA lets it be.
// Attributes: `program`, the handle; `tensors`; `read`, the entries of `memory` at the end of which there are no results;
// `mode`: 0 a step; 1 a step of a rule that does not read its parameter, which is then no operand, as one that writes
// the update; 2 the first values of the states, for which nothing reads the gradients.

#include "ravine.h"
#include "xla_ffi.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static XLA_FFI_Error *failed(XLA_FFI_CallFrame *frame, const char *message) {
    XLA_FFI_Error_Create_Args args = {sizeof args, NULL, message, XLA_FFI_Error_Code_INVALID_ARGUMENT};
    return frame->api->XLA_FFI_Error_Create(&args);
}

static int64_t attribute(const XLA_FFI_Attrs *attrs, const char *name) {
    for (int64_t k = 0; k < attrs->size; k++) {
        const XLA_FFI_ByteSpan *found = attrs->names[k];
        if (found->len == strlen(name) && !memcmp(found->ptr, name, found->len) &&
            attrs->types[k] == XLA_FFI_AttrType_SCALAR)
            return *(const int64_t *)((const XLA_FFI_Scalar *)attrs->attrs[k])->value;
    }
    return -1;
}

static size_t numbers(const XLA_FFI_Buffer *buffer) {
    size_t count = 1;
    for (int64_t k = 0; k < buffer->rank; k++) count *= (size_t)buffer->dims[k];
    return count;
}

static size_t bytes(const XLA_FFI_Buffer *buffer) {
    switch (buffer->dtype) {
    case XLA_FFI_DataType_F64: return 8 * numbers(buffer);
    case XLA_FFI_DataType_F16:
    case XLA_FFI_DataType_BF16: return 2 * numbers(buffer);
    case XLA_FFI_DataType_U8: return numbers(buffer);
    default: return 4 * numbers(buffer);
    }
}

static double number(const XLA_FFI_Buffer *buffer, size_t k) {
    return buffer->dtype == XLA_FFI_DataType_F64 ? ((const double *)buffer->data)[k] : ((const float *)buffer->data)[k];
}

static void settle(XLA_FFI_Buffer *to, const XLA_FFI_Buffer *from) {
    if (to->data != from->data) memcpy(to->data, from->data, bytes(from));
}

// Room for what a call points at: of small calls on the stack.
enum { small = 256 };
typedef union {
    void *pointer;
    double number;
} cell;

enum { is_step = 0, is_blind = 1, is_first = 2 };

static XLA_FFI_Error *step(XLA_FFI_CallFrame *frame, cell *room, int64_t mode, size_t tensors, size_t memory, size_t read) {
    XLA_FFI_Buffer **arguments = (XLA_FFI_Buffer **)frame->args.args, **results = (XLA_FFI_Buffer **)frame->rets.rets;
    size_t written = memory - read, values = numbers(arguments[1]), seen = mode == is_blind ? 0 : tensors;
    XLA_FFI_Buffer **gradients = arguments + 3 + seen, **kept = gradients + tensors;
    void **weights = &room[0].pointer, **slopes = weights + tensors, **places = slopes + tensors;
    double *row = &room[2 * tensors + memory].number, *own = row + values;

    // What is changed is the results' memory, which holds the operands' numbers.
    for (size_t k = 0; k < seen; k++) settle(results[1 + k], arguments[3 + k]);
    for (size_t k = 0; k < written; k++) settle(results[1 + tensors + k], kept[k]);
    for (size_t k = 0; k < tensors; k++) {
        weights[k] = results[1 + k]->data;
        slopes[k] = gradients[k]->data;
    }
    // A state of one number is a double there, and may be a float here.
    for (size_t k = 0; k < memory; k++) {
        XLA_FFI_Buffer *buffer = k < written ? results[1 + tensors + k] : kept[k];
        places[k] = buffer->data;
        if (buffer->rank == 0 && buffer->dtype == XLA_FFI_DataType_F32) {
            own[k] = number(buffer, 0);
            places[k] = &own[k];
        }
    }
    for (size_t k = 0; k < values; k++) row[k] = number(arguments[1], k);

    int64_t steps = *(const int32_t *)arguments[0]->data;
    ravine_call call = {.size = sizeof call,
                        .count = tensors,
                        .parameters = weights,
                        .gradients = (const void *const *)slopes,
                        .memory = places,
                        .steps = &steps,
                        .values = values ? row : NULL,
                        .loss = number(arguments[2], 0)};
    ravine_optimizer program = (ravine_optimizer)attribute(&frame->attrs, "program");
    int status;
    // Of several devices on one processor each runs the same program.
    while ((status = mode == is_first ? ravine_program_first(program, &call) : ravine_program_step(program, &call)) ==
           RAVINE_BUSY)
        sched_yield();
    if (status) return failed(frame, ravine_error());
    for (size_t k = 0; k < written; k++) {
        XLA_FFI_Buffer *buffer = results[1 + tensors + k];
        if (places[k] == &own[k]) *(float *)buffer->data = (float)own[k];
    }
    // The count is of 32 bits in optax too, and stays at its end.
    *(int32_t *)results[0]->data = steps > INT32_MAX ? INT32_MAX : (int32_t)steps;
    return NULL;
}

void *ravine_xla_step(void *given) {
    XLA_FFI_CallFrame *frame = given;
    XLA_FFI_Extension_Base *extension = frame->extension_start;
    if (extension && extension->type == XLA_FFI_Extension_Metadata) {
        XLA_FFI_Metadata *metadata = ((XLA_FFI_Metadata_Extension *)extension)->metadata;
        metadata->api_version.major_version = XLA_FFI_API_MAJOR;
        metadata->api_version.minor_version = XLA_FFI_API_MINOR;
        return NULL;
    }
    int64_t tensors = attribute(&frame->attrs, "tensors"), read = attribute(&frame->attrs, "read");
    int64_t mode = attribute(&frame->attrs, "mode"), memory = frame->args.size - 3 - (mode == is_blind ? 1 : 2) * tensors;
    if (mode < is_step || mode > is_first || tensors < 0 || read < 0 || memory < read ||
        frame->rets.size != 1 + tensors + memory - read)
        return failed(frame, "ravine: the operands are not those of a step");
    size_t cells = (size_t)(2 * tensors + 2 * memory) + numbers((XLA_FFI_Buffer *)frame->args.args[1]);
    cell local[small], *room = cells <= small ? local : malloc(cells * sizeof *room);
    if (!room) return failed(frame, "ravine: there is no memory left");
    XLA_FFI_Error *error = step(frame, room, mode, (size_t)tensors, (size_t)memory, (size_t)read);
    if (room != local) free(room);
    return error;
}
