/// Lines that all look alike, told by the texts that stand between their values.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// What all lines of a layout have in common: literals, of which each 16 bytes are one here, and where they stand.
typedef struct {
  /// The bytes of literal i, and ones where they count: 16 each.
  const uint8_t *bytes, *masks;
  /// Where it stands: at this stop of the line (see tw_stops), and so many bytes behind it.
  const uint32_t *stops;
  const int32_t *deltas;
  /// The first begins the line; up to texts_end, an odd number, follow those that begin at a stop (one without a mask
  /// fills up), then the others.
  uint32_t texts_end, literal_count;
  /// Stops of a line, the newline being the last.
  uint32_t stop_count;
  /// Field i is the text between two places: stop ends[2i] plus delta[2i], and stop ends[2i+1] plus delta[2i+1].
  uint32_t ends[16];
  int32_t delta[16];
  /// A bit for each field that the layout has.
  uint8_t fields;
} tw_layout;

/// Where a field's text stands.
typedef struct { uint32_t offset, length; } tw_span;

/// Takes lines as long as they have the layout, are no longer than bytes_max, and lie within the stops; returns how
/// many. `stops` begins with the first stop of the first line, which starts at line_start. Line i fills
/// rows[8i..<8i+8], but for the fields that the layout has not. Reads 32 entries past the stops and 32 bytes past the
/// text.
size_t tw_take_lines(const tw_layout *layout, const uint8_t *text, const uint32_t *stops, size_t stop_count,
                     size_t line_start, size_t bytes_max, size_t lines_max, tw_span *rows);

/// The same by no other instructions than every machine has; to compare with.
size_t tw_take_lines_plain(const tw_layout *layout, const uint8_t *text, const uint32_t *stops, size_t stop_count,
                           size_t line_start, size_t bytes_max, size_t lines_max, tw_span *rows);
