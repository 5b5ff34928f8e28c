import Foundation
import Synchronization

/// Where each interval of a run ended, written before its results are given out, so that after a crash the intervals
/// behind the newest checkpoint are cut again as they were: a sink that keeps the number of the last interval it has
/// stored never stores one twice, nor with anything else in it.
///
/// A client of ``WriteAheadLog``, in the folder `intervals` beside the checkpoints.
/// Cost: one flush to the disk an interval; only where a program works by interval and keeps checkpoints.
final class IntervalLog: @unchecked Sendable {
  struct Entry: Codable, Equatable, Sendable {
    var interval: Int
    /// When it was opened and closed, in milliseconds of the job's clock.
    var openedAt: Int64
    var time: Int64
    /// Up to where each source was read.
    var ends: [UInt64]
    /// The sources of which the end was known by then: event time no longer waited for them.
    var ended: [Int]?
    /// In which order sources were read, and up to where each time, where that shows: with several without event time,
    /// or with some that may be passed over.
    var reads: [Read]?
    /// Which sources were silent; nil: none may be passed over for that.
    var silence: SourceSilence.Record?
    /// The input was over: what that closed has the interval's number. nil: no.
    var isEnd: Bool?

    struct Read: Codable, Equatable, Sendable {
      var source: Int
      var end: UInt64
      /// The source said that it was its end. nil: no.
      var isEnd: Bool?
    }
    func ends(_ source: Int) -> Bool { ended?.contains(source) ?? false }
    /// Whether what the interval comes to depends on when each source was read and ended: one that is back from silence
    /// takes its place where the others are by then.
    var readsShowSilence: Bool { silence != nil && reads != nil }
    /// Whether the interval has more of a source than what lies before an offset.
    func reaches(beyond offset: UInt64, of source: Int) -> Bool {
      source < ends.count && offset < ends[source] || ends(source)
    }
  }
  private let log: WriteAheadLog
  /// Intervals of an earlier run that are to be cut the same way.
  let replayed: [Entry]
  private struct Place {
    /// Number in the log of an interval's record, less the interval's: the same for all that are kept.
    var indexOffset: Int
    var last: Int
  }
  private let place: Mutex<Place>

  /// Opens the log; what lies before `interval` was passed by a checkpoint.
  init(directory: String, from interval: Int, isFresh: Bool, files: any FileOperations) throws {
    let folder = directory + "/intervals"
    if isFresh {
      for name in try files.names(inFolder: folder) where name.hasSuffix(".log") {
        try files.remove(folder + "/" + name)
      }
    }
    log = try WriteAheadLog(directory: folder, files: files)
    var entries: [(index: Int, entry: Entry)] = []
    let reader = try log.reader(from: log.records.lowerBound)
    while unsafe try reader.read(
      countMax: 1024,
      { index, bytes in
        entries.append((Int(index), try JSONDecoder().decode(Entry.self, from: unsafe Data(bytes))))
      }) > 0
    {}
    replayed = entries.map(\.entry).filter { $0.interval >= interval }
    if let first = replayed.first, first.interval > interval {
      throw FileError(
        path: folder,
        problem: "no longer says where intervals \(interval)..<\(first.interval) ended, behind the checkpoint",
        advice: "put back a newer checkpoint or start over with --fresh")
    }
    let last = entries.last?.entry.interval ?? interval - 1
    place = Mutex(Place(indexOffset: Int(log.records.upperBound) - (last + 1), last: last))
  }

  /// Returns when the interval's end is on the disk; at once for one that is there already.
  func append(_ entry: Entry) throws {
    guard place.withLock({ entry.interval > $0.last }) else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let index = try log.append([UInt8](try encoder.encode(entry)))
    place.withLock { $0 = Place(indexOffset: Int(index) - entry.interval, last: entry.interval) }
  }
  /// A checkpoint has passed what lies before an interval.
  func wasCommitted(before interval: Int) throws {
    let index = interval + place.withLock { $0.indexOffset }
    if index > Int(log.records.lowerBound) { try log.trim(before: UInt64(min(index, Int(log.records.upperBound)))) }
  }
  func close() throws { try log.close() }
}
