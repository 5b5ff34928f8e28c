import FlatMemory

/// Cuts one CSV record (RFC 4180) into columns, from the positions of its delimiters, quotes and newlines.
///
/// Rules: a quoted field begins right after a delimiter or newline and its closing quote stands right before one; a
/// quote anywhere else is an error. A record that breaks a rule, runs past the longest line or has a wrong number of
/// columns costs only its first line: the next line starts a new record. The reader that frames blocks and the decoder
/// both use this walk, so they always agree on where a record ends.
/// Cost: a few ns a column.
struct CSVRecordWalk {
  enum Status {
    /// `columns` columns were found, the newline is at `end`.
    case record
    /// Nothing but a newline, at `end`.
    case blank
    /// Its first line, with the newline at `end`, is to be rejected for `reason`; it went wrong at `at`.
    case malformed
    /// The bytes at hand end before the record does.
    case incomplete
  }
  struct Outcome {
    var status: Status
    var end: Int
    var columns = 0
    var reason = RejectionReason.malformedCSV
    var at = 0
  }
  /// Set in a span's length when the field holds doubled quotes.
  static let doubledQuotes: UInt32 = 0x8000_0000

  let delimiter: UInt8
  /// Columns a record may have: trailing optional ones may be missing.
  let columnsMin: Int
  let columnsMax: Int
  let lineByteCountMax: Int

  /// Walks the record at `start`; `stops[k]` is the first stop from there on, and is moved behind the record.
  /// `spans` has room for `columnsMax + 1`. `end` bytes are at hand; with `isWhole` there are no more to come.
  @inline(__always)
  func next(
    _ b: UnsafePointer<UInt8>, _ start: Int, end: Int, isWhole: Bool, stops: UnsafePointer<UInt32>, stopCount: Int,
    k: inout Int, spans: UnsafeMutablePointer<ByteSpan>
  ) -> Outcome {
    let first = k
    var from = start
    var column = 0
    if unsafe load4(b + from) & 0xff_ffff == 0xbf_bbef { from &+= 3 }  // a byte order mark
    while k < stopCount {
      let e = unsafe Int(stops[k])
      let c = unsafe b[e]
      if c == delimiter {
        unsafe spans[min(column, columnsMax)] = ByteSpan(offset: from, length: e &- from)
        column &+= 1
        from = e &+ 1
        k &+= 1
      } else if c == 10 {
        let length = e &- from
        let trimmed = unsafe length > 0 && b[e &- 1] == 13 ? length &- 1 : length
        if column == 0, trimmed == 0 {
          k &+= 1
          return Outcome(status: .blank, end: e)
        }
        unsafe spans[min(column, columnsMax)] = ByteSpan(offset: from, length: trimmed)
        k &+= 1
        return unsafe finish(b, start, e, column &+ 1, first, stops, stopCount, &k, end, isWhole)
      } else {
        guard e == from else {
          return unsafe firstLine(b, start, first, stops, stopCount, &k, .malformedCSV, e, end, isWhole)
        }
        // a quoted field
        let (close, doubled) = unsafe closingQuote(b, start, end, stops, stopCount, &k)
        guard close >= 0 else {
          if !isWhole, end &- start <= lineByteCountMax &+ 2 { return Outcome(status: .incomplete, end: end) }
          return unsafe firstLine(b, start, first, stops, stopCount, &k, .malformedCSV, e, end, isWhole)
        }
        var after = close &+ 1
        if after < end, unsafe b[after] == 13 { after &+= 1 }
        guard after < end else { return Outcome(status: .incomplete, end: end) }
        let length = UInt32(truncatingIfNeeded: close &- from &- 1) | (doubled ? CSVRecordWalk.doubledQuotes : 0)
        unsafe spans[min(column, columnsMax)] = ByteSpan(offset: from &+ 1, length: Int(length))
        if unsafe b[after] == 10 {
          k &+= 1
          return unsafe finish(b, start, after, column &+ 1, first, stops, stopCount, &k, end, isWhole)
        }
        guard unsafe b[close &+ 1] == delimiter else {
          return unsafe firstLine(b, start, first, stops, stopCount, &k, .malformedCSV, close &+ 1, end, isWhole)
        }
        column &+= 1
        from = close &+ 2
        k &+= 1
      }
    }
    return Outcome(status: .incomplete, end: end)
  }

  /// From the opening quote at `stops[k]` to the closing one; k moves just behind it. -1: not within the longest line.
  @inline(__always)
  private func closingQuote(
    _ b: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ stops: UnsafePointer<UInt32>, _ stopCount: Int,
    _ k: inout Int
  ) -> (Int, Bool) {
    var doubled = false
    k &+= 1
    while k < stopCount {
      let f = unsafe Int(stops[k])
      if f &- start > lineByteCountMax { return (-1, false) }
      k &+= 1
      if unsafe b[f] == 34 {
        if f &+ 1 < end, unsafe b[f &+ 1] == 34 {
          doubled = true
          k &+= 1
        } else {
          return (f, doubled)
        }
      }
    }
    return (-1, false)
  }

  @inline(__always)
  private func finish(
    _ b: UnsafePointer<UInt8>, _ start: Int, _ newline: Int, _ columns: Int, _ first: Int,
    _ stops: UnsafePointer<UInt32>, _ stopCount: Int, _ k: inout Int, _ end: Int, _ isWhole: Bool
  ) -> Outcome {
    if columns >= columnsMin, columns <= columnsMax, newline &- start <= lineByteCountMax {
      return Outcome(status: .record, end: newline, columns: columns)
    }
    return unsafe firstLine(b, start, first, stops, stopCount, &k, .wrongColumnCount, newline, end, isWhole)
  }

  /// Gives up the record: only its first line is lost.
  @inline(never)
  private func firstLine(
    _ b: UnsafePointer<UInt8>, _ start: Int, _ first: Int, _ stops: UnsafePointer<UInt32>, _ stopCount: Int,
    _ k: inout Int, _ reason: RejectionReason, _ at: Int, _ end: Int, _ isWhole: Bool
  ) -> Outcome {
    k = first
    while k < stopCount, unsafe b[Int(stops[k])] != 10 { k += 1 }
    guard k < stopCount else { return Outcome(status: .incomplete, end: end) }
    let newline = unsafe Int(stops[k])
    var outcome = Outcome(status: .malformed, end: newline, reason: reason, at: at)
    if newline - start > lineByteCountMax {
      (outcome.reason, outcome.at) = (.lineTooLong, start + lineByteCountMax)
    } else if at > newline {
      // whatever went wrong further on, a block may end before it: the open quote is the fault
      (outcome.reason, outcome.at) = unsafe (.malformedCSV, openQuote(b, stops, first, k))
    }
    k += 1
    return outcome
  }

  /// The quote, among the stops from `first` to before `newline`, that opens a field which is not closed there.
  private func openQuote(_ b: UnsafePointer<UInt8>, _ stops: UnsafePointer<UInt32>, _ first: Int, _ newline: Int) -> Int
  {
    var open = unsafe Int(stops[first])
    var isOpen = false
    var j = first
    while j < newline {
      let s = unsafe Int(stops[j])
      if unsafe b[s] == 34 {
        if isOpen, unsafe b[s + 1] == 34 {
          j += 1
        } else {
          isOpen.toggle()
          if isOpen { open = s }
        }
      }
      j += 1
    }
    return open
  }
}
