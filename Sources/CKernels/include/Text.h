#pragma once

enum rv_text {
  RV_TEXT_FRAME, RV_TEXT_PLACE, RV_TEXT_MATH, RV_TEXT_REDUCTIONS, RV_TEXT_PLACES,
  RV_TEXT_FORMATS, RV_TEXT_LINES, RV_TEXT_STATES, RV_TEXT_SCALARS
};

/// A source of this target as text, for compiled passes to begin with. Empty where the compiler of
/// this package cannot embed files: then there are no compiled passes.
const char *rv_text_of(enum rv_text text);
