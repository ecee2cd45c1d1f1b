#include "Text.h"

// The sources that compiled passes are made of, so that both tiers run the same text.
#if defined(__has_embed)
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wc23-extensions"
#endif
static const char frame[] = {
#embed "include/Frame.h" suffix(, )
    0};
static const char place[] = {
#embed "include/Place.h" suffix(, )
    0};
static const char math[] = {
#embed "Math.h" suffix(, )
    0};
static const char reductions[] = {
#embed "ReductionTemplate.h" suffix(, )
    0};
static const char places[] = {
#embed "PlaceTemplate.h" suffix(, )
    0};
static const char formats[] = {
#embed "Formats.h" suffix(, )
    0};
static const char lines[] = {
#embed "Lines.h" suffix(, )
    0};
static const char states[] = {
#embed "StateTemplate.h" suffix(, )
    0};
static const char scalars[] = {
#embed "ScalarTemplate.h" suffix(, )
    0};
#else
static const char frame[] = "";
static const char place[] = "";
static const char math[] = "";
static const char reductions[] = "";
static const char places[] = "";
static const char formats[] = "";
static const char lines[] = "";
static const char states[] = "";
static const char scalars[] = "";
#endif

const char *rv_text_of(enum rv_text text) {
  const char *const texts[] = {
      frame, place, math, reductions, places, formats, lines, states, scalars};
  return texts[text];
}
